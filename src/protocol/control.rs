//! The files over which the leader and the step containers of one pod speak.
//! All lie under one folder ([`assay_api::names::PATH_CONTROL`]) on a volume
//! that both mount. Every file appears by rename, so a reader never sees half.
//!
//! ```text
//! leader/heartbeat            touched by the leader every 5 s
//! g<group>/ready              [`Ready`]: the step container's runner is up
//! g<group>/go-<step>-<n>      leader: run attempt n of the step ([`Go`])
//! g<group>/stop-<step>-<n>    leader: end it ([`Stop`])
//! g<group>/done-<step>-<n>    [`Done`]
//! g<group>/exit               leader: no more work, leave
//! g<group>/spool/<offset>     log frames; the name is the stream offset of the
//!                             first byte, twenty digits
//! g<group>/out/<n>            copies of artifacts that lie outside the workspace
//! g<group>/outputs-<step>-<n>/ folder in which an attempt leaves its outputs, one file each
//! ```
//!
//! The first step of the first group needs no go-file: its runner begins at once
//! when [`starts_at_once`] says so, and the leader takes it as given.

use std::collections::BTreeMap;

use assay_api::StepState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plan::{Condition, PlanDocument};

/// Size at which a spool segment is closed and the next begins, in bytes.
pub const SEGMENT_BYTES: u64 = 4 * 1024 * 1024;
/// Unsent segments a group may have before its steps are held back.
pub const SEGMENT_LIMIT: usize = 64;
/// Age of the heartbeat after which step containers give up.
pub const HEARTBEAT_LIMIT_SECONDS: u64 = 60;

/// Longest output of a step, in bytes.
pub const OUTPUT_BYTES: usize = 4096;
/// Outputs that an attempt may give.
pub const OUTPUT_KEYS: usize = 64;

/// What a step container's runner says when it is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ready {
    /// [`crate::PROTOCOL_VERSION`].
    pub version: u32,
}

/// What an attempt is told before it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Go {
    /// Facts about the earlier steps that the action names, by handle.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub steps: BTreeMap<String, StepFacts>,
}

/// What a step may know of an earlier one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepFacts {
    /// Its state.
    pub status: StepState,
    /// Exit code of its last attempt.
    pub exit_code: Option<i32>,
    /// What it gave to later steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
}

/// Why an attempt is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stop {
    /// The execution's deadline.
    Deadline,
    /// The timeout of a block that holds the step.
    BlockTimeout,
    /// Somebody cancelled.
    Cancelled,
}

/// How the process of an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// It exited by itself.
    Exited,
    /// A signal that we did not send ended it.
    Killed,
    /// Its own timeout ended it.
    TimedOut,
    /// A stop-file ended it.
    Stopped,
    /// It could not be started.
    NotStarted,
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Step.
    pub step: u16,
    /// Attempt, counted from 1.
    pub attempt: u32,
    /// How it ended.
    pub ending: Ending,
    /// Exit code, when it exited by itself.
    pub exit_code: Option<i32>,
    /// Signal, when one ended it.
    pub signal: Option<i32>,
    /// When the process started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The kernel ended a process of the attempt because the container's memory was used up.
    #[serde(default)]
    pub out_of_memory: bool,
    /// What is to be said of it, for people: why it could not be started.
    pub message: Option<String>,
    /// Files that matched the step's globs, in order of their paths.
    pub files: Vec<Collected>,
    /// Notes about collecting: patterns that matched nothing, files that could not be read.
    pub notes: Vec<String>,
    /// What the attempt gives to later steps, masked; see [`OUTPUT_BYTES`] and [`OUTPUT_KEYS`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// Spool offset of this group when the attempt's output was complete.
    pub log_end: u64,
}

/// One collected file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Collected {
    /// Name under which it is kept: the path relative to the rule's folder,
    /// or without its leading slash.
    pub name: String,
    /// Where the leader finds it: in the workspace, or a copy in `out/`.
    pub source: String,
    /// Size in bytes.
    pub size: u64,
    /// A copy in which secrets are masked, in `out/`: present when the file is a test
    /// report with secrets in it. What is said of the report is read from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked: Option<String>,
}

/// The step that the first group may begin without being told.
pub fn starts_at_once(plan: &PlanDocument) -> Option<u16> {
    let first = plan.steps.first()?;
    let unconditional = matches!(first.condition, Condition::Passed | Condition::Always);
    let unguarded = first.block.is_none() && first.delay_ms == 0 && !first.paused;
    (first.group == 0 && unconditional && unguarded && first.action.is_some()).then_some(first.index)
}

/// Folder of a group, relative to the control folder.
pub fn group_dir(group: u16) -> String {
    format!("g{group}")
}

/// Name of a file about one attempt of a step; `kind` is `go`, `stop` or `done`.
pub fn attempt_file(kind: &str, step: u16, attempt: u32) -> String {
    format!("{kind}-{step}-{attempt}")
}

/// Name of the spool segment whose first byte has this stream offset.
pub fn segment_name(offset: u64) -> String {
    format!("{offset:020}")
}
