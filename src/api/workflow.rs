//! The kind `TestWorkflow`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, observed_generation};
use crate::{ContainerConfig, Content, DurationText, Later, ParameterSchema, Step, Verdict};

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
    /// Not built yet.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    pub use_: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<Later>,
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
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Later>,
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
