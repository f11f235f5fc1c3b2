//! The plan as the runner reads it: immutable, fully specific, no choices left
//! but those that depend on how steps end.

use serde::{Deserialize, Serialize};

/// Everything a pod's runners need. It lies in a ConfigMap, so it holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanDocument {
    /// [`crate::PROTOCOL_VERSION`] of the writer.
    pub version: u32,
    /// Whose plan this is.
    pub execution: ExecutionIdentity,
    /// Where the leader reports to; absent in an offline rendering.
    pub server: Option<Server>,
    /// Containers that run steps, by index.
    pub groups: Vec<Group>,
    /// Steps in order: all of `setup`, then `steps`, then `after`; those of a block stand together.
    pub steps: Vec<Instruction>,
    /// Blocks of steps; a block stands after the one that holds it, and in the order of its first step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// Files that the first group writes into the workspace before its first step.
    pub files: Vec<PlanFile>,
    /// Absolute path of the workspace.
    pub workspace: String,
    /// Longest time from the first step's start to the end, in milliseconds.
    /// Steps of `after` get [`PlanDocument::after_grace_ms`] more.
    pub timeout_ms: u64,
    /// Time that `after` steps have once the deadline has passed, in milliseconds.
    pub after_grace_ms: u64,
    /// Longest pause, in milliseconds.
    pub pause_ms: u64,
}

/// Steps that are judged, tried again and skipped as one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Block {
    /// Position in [`PlanDocument::blocks`].
    pub index: u16,
    /// Handle of the step that the block is in the workflow.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The list it comes from.
    pub section: Section,
    /// The block that holds it.
    pub parent: Option<u16>,
    /// When it runs.
    pub condition: Condition,
    /// How often all of it is tried.
    pub retry: RetryRule,
    /// Longest time of one attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// A failure does not count.
    pub optional: bool,
    /// Passes when it fails.
    pub negative: bool,
    /// Wait before it begins, in milliseconds.
    pub delay_ms: u64,
    /// Holds before it begins, until somebody resumes it.
    pub paused: bool,
}

/// The execution that a plan belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionIdentity {
    /// Namespace.
    pub namespace: String,
    /// Name of the `TestExecution`.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Name of the workflow.
    pub workflow: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
    /// Revision under test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
}

/// Where the leader reports to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Base address, for example `https://assay.assay-system.svc:443`.
    pub url: String,
    /// The authority that signed the server's certificate, in PEM.
    pub ca: String,
}

/// A container that runs steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Name of the container in the pod.
    pub container: String,
    /// Environment names whose values are secret and are masked in all output.
    pub secrets: Vec<String>,
    /// `envFrom` brings secrets under unknown names: mask the values of all
    /// names that begin with one of these prefixes. An empty prefix means every
    /// name, save those that hold no secret in any container (`PATH`, `HOME`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_prefixes: Vec<String>,
    /// Files, and folders of files, whose text is secret and is masked in all output.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_files: Vec<String>,
}

/// Which list of the workflow a step comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Section {
    /// `setup`: a failure means that nothing can be judged.
    Setup,
    /// `steps`.
    Steps,
    /// `after`: always runs.
    After,
}

/// When a step runs, seen from the steps before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Condition {
    /// Nothing has failed so far.
    Passed,
    /// Something has failed.
    Failed,
    /// In any case.
    Always,
    /// Not at all.
    Never,
    /// When an expression over `passed`, `failed` and `steps.ID` holds.
    When(String),
}

/// One step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instruction {
    /// Position in [`PlanDocument::steps`].
    pub index: u16,
    /// Handle of the step.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The list it comes from.
    pub section: Section,
    /// The block that holds it: index into [`PlanDocument::blocks`].
    pub block: Option<u16>,
    /// Container that runs it: index into [`PlanDocument::groups`].
    pub group: u16,
    /// When it runs.
    pub condition: Condition,
    /// What it runs; absent when it only collects artifacts.
    pub action: Option<Action>,
    /// What it collects afterwards.
    pub artifacts: Option<ArtifactRule>,
    /// How often it is tried.
    pub retry: RetryRule,
    /// Longest time of one attempt, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// A failure does not count.
    pub optional: bool,
    /// Passes when its command fails.
    pub negative: bool,
    /// Wait before it begins, in milliseconds.
    pub delay_ms: u64,
    /// Holds before it begins, until somebody resumes it.
    pub paused: bool,
    /// It brings content: when it fails nothing could be tested.
    pub fetches: bool,
    /// Files written before the action.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PlanFile>,
}

/// A process to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Action {
    /// Program and arguments. A script is already wrapped: `/bin/sh -e -c SCRIPT`.
    /// Empty: the step has nothing to start.
    pub argv: Vec<String>,
    /// Environment added to the container's own, in order.
    pub env: Vec<(String, String)>,
    /// Absolute folder in which it starts; made when it is absent.
    pub working_dir: String,
    /// What people read: the script or the command line.
    pub display: String,
    /// Program, arguments, values of the environment and working directory are
    /// templates over `env.NAME` and `steps.ID`, resolved where they run.
    pub dynamic: bool,
    /// Handles of the earlier steps that they name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
}

/// What to collect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactRule {
    /// Globs, relative to `working_dir` or absolute; `!` excludes.
    pub paths: Vec<String>,
    /// Absolute folder from which they count.
    pub working_dir: String,
}

/// How often a step is tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryRule {
    /// Attempts in all, at least 1.
    pub attempts: u32,
    /// Wait before the second attempt, in milliseconds; doubled each time, at most 5 minutes.
    pub delay_ms: u64,
    /// Expression over `self` that ends the attempts; without it they end when one passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A file of the workflow's `content`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlanFile {
    /// Absolute path below the workspace.
    pub path: String,
    /// The text.
    pub content: String,
    /// Absolute path of a mounted file to copy instead of [`PlanFile::content`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The text is a template over `env.NAME`, resolved where it is written.
    #[serde(default)]
    pub dynamic: bool,
    /// Permission bits.
    pub mode: u32,
}
