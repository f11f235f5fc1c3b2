//! One step of a workflow.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{nested_steps, resources, volume_mounts};
use crate::{ContainerConfig, Content, DurationText, Later, RetryPolicy, TemplateRef};

/// One step: at most one command (`shell` or `run`), and what is to be
/// collected after it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Stable handle of the step; derived from `name` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = "^[a-z0-9_]+$"))]
    pub id: Option<String>,
    /// What people read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub name: Option<String>,
    /// When the step runs: `passed` (default), `failed`, `always` (default in `after`,
    /// and of a step that only collects artifacts), `never`, or an expression such as
    /// `failed && steps.build.outputs.kind == "web"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4096))]
    pub condition: Option<String>,
    /// The step passes when its command fails.
    #[serde(default)]
    pub negative: bool,
    /// A failure of the step does not count.
    #[serde(default)]
    pub optional: bool,
    /// How often the step is tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// Longest time of one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<DurationText>,
    /// Folder in which the command starts; relative paths count from `/data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Container settings of this step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<ContainerConfig>,
    /// A script for `/bin/sh -e` in the container of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// A command in a container of its own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<StepRun>,
    /// Files to collect after the command, whether it passed or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts: Option<Artifacts>,
    /// Nested steps before the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "nested_steps")]
    pub setup: Vec<Step>,
    /// Nested steps after the command.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "nested_steps")]
    pub steps: Vec<Step>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pure: Option<Later>,
    /// The execution holds before the step until somebody resumes it.
    #[serde(default)]
    pub paused: bool,
    /// Wait before the step begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<DurationText>,
    /// Templates merged into the step, the first outermost.
    #[serde(default, rename = "use", skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub use_: Vec<TemplateRef>,
    /// A template whose steps run here, as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateRef>,
    /// What is put into the workspace before the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute: Option<Later>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel: Option<Later>,
}

/// A command with container settings of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepRun {
    /// Image. May contain `{{ config.NAME }}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1024))]
    pub image: Option<String>,
    /// `Always`, `IfNotPresent` or `Never`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_pull_policy: Option<String>,
    /// Environment; see the container settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub env: Vec<k8s_openapi::api::core::v1::EnvVar>,
    /// Environment from whole ConfigMaps and Secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub env_from: Vec<k8s_openapi::api::core::v1::EnvFromSource>,
    /// Folder in which the command starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Program and first arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 500))]
    pub command: Option<Vec<String>>,
    /// Arguments after `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub args: Option<Vec<String>>,
    /// A script for `/bin/sh -e`, instead of `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    /// Requests and limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "resources")]
    pub resources: Option<k8s_openapi::api::core::v1::ResourceRequirements>,
    /// Security context of the container.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security_context: Option<k8s_openapi::api::core::v1::SecurityContext>,
    /// Mounts of the pod's volumes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "volume_mounts")]
    pub volume_mounts: Vec<k8s_openapi::api::core::v1::VolumeMount>,
}

impl StepRun {
    /// The container settings, without the script.
    pub fn container(&self) -> ContainerConfig {
        let Self {
            image,
            image_pull_policy,
            env,
            env_from,
            working_dir,
            command,
            args,
            shell: _,
            resources,
            security_context,
            volume_mounts,
        } = self.clone();
        ContainerConfig {
            image,
            image_pull_policy,
            env,
            env_from,
            working_dir,
            command,
            args,
            resources,
            security_context,
            volume_mounts,
        }
    }
}

/// Files to collect.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifacts {
    /// Globs (`**` crosses folders; a leading `!` excludes), relative to `workingDir`.
    #[schemars(length(min = 1, max = 100))]
    pub paths: Vec<String>,
    /// Folder from which the globs count; default is the working directory of the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Not built yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compress: Option<Later>,
}
