//! What the leader says of its pod: the whole state each time, so that the
//! newest one is all that anybody needs.

use std::collections::BTreeMap;

use assay_api::{Reason, StepState};
use assay_report::Summary;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of a pod's run. Sent whole at every change; a later `sequence` replaces an earlier one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Counts up within (execution, attempt, pod).
    pub sequence: u64,
    /// When the first step began.
    pub started_at: Option<Timestamp>,
    /// Steps, in the order of the plan.
    pub steps: Vec<StepProgress>,
    /// Blocks of steps, in the order of the plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockProgress>,
    /// Set while the run holds and waits to be resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Paused>,
    /// Time spent in pauses that are over, in milliseconds.
    #[serde(default)]
    pub paused_ms: u64,
    /// Test counts over all reports read so far.
    pub tests: Option<Summary>,
    /// What was collected and stored so far.
    pub artifacts: ArtifactTotals,
    /// Set once: nothing more will happen in the pod, and everything that the
    /// runner had to send has been acknowledged.
    pub outcome: Option<RunOutcome>,
}

/// How a pod's run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunOutcome {
    /// What it says of the revision.
    pub verdict: assay_api::Verdict,
    /// Why.
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// When the last process of the user ended.
    pub finished_at: Timestamp,
    /// Whether the whole log was acknowledged by the server.
    pub log_complete: bool,
}

/// A run that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paused {
    /// Handle of the step, or block, that would be next.
    pub step: String,
    /// Since when.
    pub since: Timestamp,
}

/// The state of one block of steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockProgress {
    /// Handle of the step that the block is in the workflow.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The block that holds it: index into [`Progress::blocks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u16>,
    /// Its first step: index into [`Progress::steps`].
    #[serde(default)]
    pub first: u16,
    /// Where it stands.
    pub state: StepState,
    /// Attempts begun.
    pub attempts: u32,
    /// Start of the first attempt.
    pub started_at: Option<Timestamp>,
    /// End of the last attempt.
    pub finished_at: Option<Timestamp>,
    /// Why it is so, when there is something to say.
    pub message: Option<String>,
}

/// The state of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepProgress {
    /// Handle of the step.
    pub id: String,
    /// What people read.
    pub name: String,
    /// The block that holds it: index into [`Progress::blocks`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<u16>,
    /// Where it stands.
    pub state: StepState,
    /// Attempts begun.
    pub attempts: u32,
    /// Exit code of the last attempt.
    pub exit_code: Option<i32>,
    /// Start of the first attempt.
    pub started_at: Option<Timestamp>,
    /// End of the last attempt.
    pub finished_at: Option<Timestamp>,
    /// Why it is so, when there is something to say.
    pub message: Option<String>,
    /// What it gave to later steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

/// How much was collected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactTotals {
    /// Files.
    pub count: u64,
    /// Bytes.
    pub bytes: u64,
    /// Files that were collected and could not be stored; the log names them.
    #[serde(default)]
    pub missing: u64,
}
