//! The kind `TestWorkflow`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, observed_generation};
use crate::{
    ContainerConfig, Content, DurationText, JobConfig, Later, ParameterSchema, PodConfig, Step, TemplateRef, Verdict,
};

/// How to run tests with any tool, in steps.
#[derive(Clone, Debug, Default, PartialEq, CustomResource, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "assay.dev",
    version = "v1alpha1",
    kind = "TestWorkflow",
    namespaced,
    status = "TestWorkflowStatus",
    shortname = "twf",
    category = "assay",
    printcolumn = r#"{"name":"Ready","type":"string","jsonPath":".status.conditions[?(@.type==\"Ready\")].status"}"#,
    printcolumn = r#"{"name":"Last","type":"string","jsonPath":".status.lastExecution.verdict"}"#,
    printcolumn = r#"{"name":"Last-Execution","type":"string","jsonPath":".status.lastExecution.name"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.conditions[?(@.type==\"Ready\")].message"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct TestWorkflowSpec {
    /// What the workflow is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub description: Option<String>,
    /// Parameters, referred to as `{{ config.NAME }}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, ParameterSchema>,
    /// What is put into the workspace before the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Container settings of every step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerConfig>,
    /// Deadlines of the whole execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<Timeouts>,
    /// Steps that prepare. When one fails nothing can be judged: the verdict is `errored`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub setup: Vec<Step>,
    /// Steps that test.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub steps: Vec<Step>,
    /// Steps that always run at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub after: Vec<Step>,
    /// Templates merged into the workflow, the first outermost.
    #[serde(default, rename = "use", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub use_: Vec<TemplateRef>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Later>,
    /// Settings of the pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<PodConfig>,
    /// Settings of the Job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobConfig>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pvcs: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Later>,
    /// How long finished executions are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// What becomes of an execution whose pod is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<Infrastructure>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Later>,
}

/// Deadlines of an execution.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Timeouts {
    /// Longest time from the first step's start to the end; default 1h.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<DurationText>,
    /// Longest time from the Job's creation to the first step's start
    /// (waiting for a node, pulling images); default 10m.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<DurationText>,
    /// Longest wait for a node; default as `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<DurationText>,
    /// Longest time for pulling images, from the moment that a node took the pod; default as `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull: Option<DurationText>,
    /// Longest pause; default 24h. Paused time does not count in `execution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<DurationText>,
}

/// How long finished executions of a workflow are kept. Without it the
/// installation's own limits apply.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// Longest time after the end, for example `720h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age: Option<DurationText>,
    /// How many are kept, the newest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub count: Option<i32>,
}

/// What becomes of an execution whose pod is lost: evicted, preempted, its node gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Infrastructure {
    /// How often it is tried again although steps had begun; default 0. Before
    /// the first step it is tried again in any case, up to three times.
    #[serde(default)]
    #[schemars(range(min = 0, max = 5))]
    pub retries: i32,
}

/// What is known of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestWorkflowStatus {
    /// Generation that the conditions speak of; -1 before the first visit.
    #[serde(default = "crate::schema::never_observed")]
    #[schemars(schema_with = "observed_generation")]
    pub observed_generation: i64,
    /// `Ready` tells whether the workflow is valid; its message lists every diagnostic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
    /// Diagnostics, one per line, as `assay validate` prints them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<String>,
    /// The execution that ended last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_execution: Option<LastExecution>,
}

/// The execution of a workflow that ended last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastExecution {
    /// Name of the execution.
    pub name: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// When it ended.
    #[schemars(with = "Option<k8s_openapi::apimachinery::pkg::apis::meta::v1::Time>")]
    pub finished_at: Option<Timestamp>,
}
