//! The kind `TestGate`: which workflows judge which delivery.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, config_values, observed_generation};
use crate::{
    ConfigValues, DeliveryReference, DurationText, GitSource, Reason, RevisionStatus, RollbackPhase, RollbackPolicy,
    Verdict,
};

/// A standing judgement of a delivery: every new revision is tested once it is deployed, and the verdict
/// is the health of this object.
#[derive(Clone, Debug, Default, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "assay.dev",
    version = "v1alpha1",
    kind = "TestGate",
    namespaced,
    status = "TestGateStatus",
    shortname = "tg",
    category = "assay",
    printcolumn = r#"{"name":"Delivery","type":"string","jsonPath":".spec.delivery.name"}"#,
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.reason"}"#,
    printcolumn = r#"{"name":"Revision","type":"string","jsonPath":".status.current.revision"}"#,
    printcolumn = r#"{"name":"Verdict","type":"string","jsonPath":".status.current.verdict"}"#,
    printcolumn = r#"{"name":"Rollback","type":"string","jsonPath":".status.rollback.phase"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Last good","type":"string","priority":1,"jsonPath":".status.lastGood.revision"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct TestGateSpec {
    /// What is judged.
    pub delivery: DeliveryReference,
    /// A value that changes with the revision, by Argo CD's build environment or Flux's substitution. With
    /// it the verdict of an earlier revision can never be taken for that of the new one: it must name the
    /// delivered commit, or be a prefix of at least seven characters of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub revision: Option<String>,
    /// Workflows of this namespace, all of which must pass. Each is given the revision.
    #[schemars(length(min = 1, max = 16))]
    pub workflows: Vec<GateWorkflow>,
    /// What a bad verdict means for the delivery.
    #[serde(default)]
    pub mode: GateMode,
    /// How a failure is confirmed before it counts.
    #[serde(default)]
    pub confirmation: Confirmation,
    /// How long the workloads of a new revision may take until they are ready; then it is tested all the
    /// same, since a revision whose workloads never start is to be judged too. Default `3m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_timeout: Option<DurationText>,
    /// How long the judgement of one revision may take from the start of its tests. Default `15m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationText>,
    /// What becomes of a revision that failed. Without it nothing is ever done in Git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackPolicy>,
}

/// A workflow that judges.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateWorkflow {
    /// Name of the `TestWorkflow`.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Values for its parameters.
    #[serde(default, skip_serializing_if = "ConfigValues::is_empty")]
    #[schemars(schema_with = "config_values")]
    pub config: ConfigValues,
}

/// What a bad verdict means for the delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GateMode {
    /// The gate becomes unhealthy, and the delivery with it.
    #[default]
    Blocking,
    /// The gate stays healthy and says so.
    Advisory,
}

/// How a failure is confirmed. An errored execution is tried again by itself and confirms nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmation {
    /// How often a failing workflow is run again.
    #[serde(default = "one")]
    #[schemars(range(min = 0, max = 9))]
    pub reruns: i32,
    /// How many of these runs, the first included, must fail for the verdict `failed`. With fewer, and one
    /// that passed, the verdict is `flaky`, which is green.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 10))]
    pub failures: i32,
    /// A workflow that is run, with the last good revision, when a failure is confirmed. If it fails too, it
    /// is the environment that is broken, and the verdict is `errored`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control: Option<GateWorkflow>,
}

impl Default for Confirmation {
    fn default() -> Self {
        Self { reruns: one(), failures: two(), control: None }
    }
}

const fn one() -> i32 {
    1
}

const fn two() -> i32 {
    2
}

/// What is known of a gate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestGateStatus {
    /// Generation that the conditions speak of; -1 before the first visit.
    #[serde(default = "crate::schema::never_observed")]
    #[schemars(schema_with = "observed_generation")]
    pub observed_generation: i64,
    /// Why it is so; the same as the reason of `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people, which Argo CD and Flux show too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The delivery that the verdicts are about; its namespace is always given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryReference>,
    /// The path in Git that is judged, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<GitSource>,
    /// The revision that is, or was last, judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Judgement>,
    /// Earlier judgements, newest first, at most 10; of their executions only those that say no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verdicts: Vec<Judgement>,
    /// The newest revision that was judged green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_good: Option<GoodRevision>,
    /// The newest rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackSummary>,
    /// The last value of the annotation `reconcile.fluxcd.io/requestedAt` that was obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
    /// The last value of the annotation `assay.dev/rerun` that was obeyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_rerun: Option<String>,
    /// `Ready`; `Reconciling` and `Stalled` only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Default for TestGateStatus {
    fn default() -> Self {
        Self {
            observed_generation: crate::schema::never_observed(),
            reason: None,
            message: None,
            delivery: None,
            source: None,
            current: None,
            verdicts: Vec::new(),
            last_good: None,
            rollback: None,
            last_handled_reconcile_at: None,
            last_handled_rerun: None,
            conditions: Vec::new(),
        }
    }
}

/// The judgement of one revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    /// What is judged.
    #[serde(flatten)]
    pub revision: RevisionStatus,
    /// How often this revision was judged anew, on request or because other content was applied, from 0.
    #[serde(default)]
    pub turn: i32,
    /// Digest of what was applied of it, where its controller tells one (Flux): with another one it is judged anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_digest: Option<String>,
    /// When the gate saw the revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub seen_at: Option<Timestamp>,
    /// When its controller was seen to apply it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub attempted_at: Option<Timestamp>,
    /// When it was seen deployed: everything applied, whether it is ready or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub deployed_at: Option<Timestamp>,
    /// When its tests began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub started_at: Option<Timestamp>,
    /// When the verdict became final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub finished_at: Option<Timestamp>,
    /// The verdict, once final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why, once final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The executions, in the order of their making, at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<GateExecution>,
}

/// One execution that a gate made.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GateExecution {
    /// Name of the `TestExecution`.
    pub name: String,
    /// Its workflow.
    pub workflow: String,
    /// Which run of this workflow it is, from 1.
    pub run: i32,
    /// What it is for.
    #[serde(default)]
    pub role: GateRole,
    /// Its verdict, once final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Its reason, once final.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Why, once final and not green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What an execution of a gate is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum GateRole {
    /// It judges the revision.
    #[default]
    Judge,
    /// It confirms or refutes a failure.
    Confirm,
    /// It judges the environment with the last good revision.
    Control,
}

/// A revision that was judged green.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoodRevision {
    /// The revision.
    #[serde(flatten)]
    pub revision: RevisionStatus,
    /// Where it was delivered from: a good revision of another path or branch is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<GitSource>,
    /// When it was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub judged_at: Option<Timestamp>,
}

/// A rollback as its gate shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackSummary {
    /// Name of the `Rollback`.
    pub name: String,
    /// Where it stands.
    pub phase: RollbackPhase,
}
