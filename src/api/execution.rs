//! The kind `TestExecution`: one execution of a workflow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, config_values, observed_generation};
use crate::{ConfigSource, ConfigValues, DeliveryKind, Phase, Reason, StepState, Verdict};

/// One execution of a workflow. Immutable except for its commands (`cancel`, `pause`, `resume`).
#[derive(Clone, Debug, Default, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "assay.dev",
    version = "v1alpha1",
    kind = "TestExecution",
    namespaced,
    status = "TestExecutionStatus",
    shortname = "tex",
    category = "assay",
    printcolumn = r#"{"name":"Workflow","type":"string","jsonPath":".spec.workflowRef.name"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Verdict","type":"string","jsonPath":".status.verdict"}"#,
    printcolumn = r#"{"name":"Tests","type":"string","jsonPath":".status.tests.summary"}"#,
    printcolumn = r#"{"name":"Duration","type":"string","jsonPath":".status.duration"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","priority":1,"jsonPath":".status.reason"}"#,
    printcolumn = r#"{"name":"Revision","type":"string","priority":1,"jsonPath":".spec.revision"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = ("self.workflowRef == oldSelf.workflowRef", "`workflowRef` must not change: make a new execution"),
    validation = (
        "has(self.config) == has(oldSelf.config) && (!has(self.config) || self.config == oldSelf.config)",
        "`config` must not change: make a new execution"
    ),
    validation = (
        "has(self.revision) == has(oldSelf.revision) && (!has(self.revision) || self.revision == oldSelf.revision)",
        "`revision` must not change: make a new execution"
    ),
    validation = (
        "has(self.configFrom) == has(oldSelf.configFrom) && (!has(self.configFrom) || self.configFrom == oldSelf.configFrom)",
        "`configFrom` must not change: make a new execution"
    ),
    validation = ("!oldSelf.cancel || self.cancel", "`cancel` must not be taken back")
)]
pub struct TestExecutionSpec {
    /// The workflow to run, in the same namespace.
    pub workflow_ref: WorkflowReference,
    /// Values for the workflow's parameters.
    #[serde(default, skip_serializing_if = "ConfigValues::is_empty")]
    #[schemars(schema_with = "config_values")]
    pub config: ConfigValues,
    /// What is tested: usually a commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub revision: Option<String>,
    /// Values of sensitive parameters, by reference.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 100))]
    pub config_from: BTreeMap<String, ConfigSource>,
    /// Command: hold before the next step.
    #[serde(default)]
    pub pause: bool,
    /// Command: handles of steps that may go on although they are `paused`; `*` means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(max = 63)))]
    pub resume: Vec<String>,
    /// Command: stop the execution.
    #[serde(default)]
    pub cancel: bool,
}

/// A workflow by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkflowReference {
    /// Name of the `TestWorkflow`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// What is known of an execution.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestExecutionStatus {
    /// Generation that the conditions speak of; -1 before the first visit.
    #[serde(default = "crate::schema::never_observed")]
    #[schemars(schema_with = "observed_generation")]
    pub observed_generation: i64,
    /// Where the execution stands, for people.
    #[serde(default)]
    pub phase: Phase,
    /// What it says of the revision; absent until final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why it is so; the same as the reason of `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the Job was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub queued_at: Option<Timestamp>,
    /// When the first step began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub started_at: Option<Timestamp>,
    /// When the verdict became final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub finished_at: Option<Timestamp>,
    /// From the first step's start to the end, for people, for example `12.4s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// The Job and its attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobReference>,
    /// Steps in order, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepStatus>,
    /// Test counts over all reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestCounts>,
    /// The first 10 failed tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedTest>,
    /// Where the log is, and its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogStatus>,
    /// What was collected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<ArtifactStatus>,
    /// The delivery of which it is a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<ExecutionDelivery>,
    /// `Ready`; `Reconciling` and `Stalled` only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Default for TestExecutionStatus {
    fn default() -> Self {
        Self {
            observed_generation: crate::schema::never_observed(),
            phase: Phase::Pending,
            verdict: None,
            reason: None,
            message: None,
            queued_at: None,
            started_at: None,
            finished_at: None,
            duration: None,
            job: None,
            steps: Vec::new(),
            tests: None,
            failures: Vec::new(),
            log: None,
            artifacts: None,
            delivery: None,
            conditions: Vec::new(),
        }
    }
}

/// The Job of an execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobReference {
    /// Name of the Job, in the execution's namespace.
    pub name: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: i32,
    /// SHA-256 of the plan, in hexadecimal.
    pub plan_hash: String,
}

/// The delivery of which an execution is a hook, as it was when the execution began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionDelivery {
    /// What delivers.
    pub kind: DeliveryKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The revision that was being delivered. It is tested where the execution itself names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// When the delivery runs the hook, for example `PostSync`.
    pub hook: String,
    /// Which execution of this workflow it is for this hook, delivery and revision, counted from 1: Argo CD makes
    /// a new one with every try of a sync.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<i32>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepStatus {
    /// Handle of the step.
    pub id: String,
    /// What people read.
    pub name: String,
    /// How deep it is nested in other steps; 0 at the top.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: i32,
    /// Where it stands.
    pub state: StepState,
    /// Attempts made.
    #[serde(default)]
    pub attempts: i32,
    /// Exit code of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// From its first start to its end, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,
    /// Why it is so, when there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Depth 0 needs no line: serde asks by reference.
fn is_zero(depth: &i32) -> bool {
    *depth == 0
}

/// Counts of tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestCounts {
    /// Passed over all that were not skipped, for the column: `37/40`.
    pub summary: String,
    /// All tests.
    pub total: i32,
    /// Passed.
    pub passed: i32,
    /// Failed or errored.
    pub failed: i32,
    /// Skipped.
    pub skipped: i32,
    /// Passed after a retry.
    pub flaky: i32,
}

/// One failed test.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedTest {
    /// Suite or class.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub suite: String,
    /// Name of the test.
    pub name: String,
    /// What it said, shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The log of an execution.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogStatus {
    /// Bytes kept in the store.
    pub bytes: i64,
    /// Whether everything that the steps printed is in the store.
    pub complete: bool,
    /// The end of the log, at most 2 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tail: String,
}

/// What an execution collected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactStatus {
    /// How many files.
    pub count: i64,
    /// Their sizes together.
    pub bytes: i64,
    /// The first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ArtifactEntry>,
}

/// One collected file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactEntry {
    /// Path, as matched.
    pub path: String,
    /// Size in bytes.
    pub size: i64,
}
