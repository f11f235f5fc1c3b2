//! What is remembered of an execution between two looks. None of it is the
//! truth: losing it costs a wait begun anew, or one more question.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use assay_api::TestExecutionStatus;
use assay_lifecycle::{Refusal, Seen};
use jiff::Timestamp;
use tokio::time::Instant;

/// What is remembered of one execution.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    /// The status that we wrote last: newer than what the watch shows for a moment.
    pub(crate) published: Option<TestExecutionStatus>,
    /// When something of us was last written for people to see.
    pub(crate) written: Option<Instant>,
    /// Troubles and since when.
    pub(crate) seen: Vec<Seen>,
    /// Why the cluster refused the Job.
    pub(crate) refused: Option<Refusal>,
    /// The Job that we applied.
    pub(crate) applied: Option<Applied>,
    /// The watch has shown the Job.
    pub(crate) sighted: bool,
    /// Hash of the plan that the Job obeys.
    pub(crate) plan_hash: Option<String>,
    /// Deadlines of the execution.
    pub(crate) deadlines: Option<Deadlines>,
}

/// A Job that we applied, until the watch shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    /// When, by our own clock.
    pub(crate) at: Instant,
    /// The same as a time to show.
    pub(crate) created_at: Timestamp,
}

/// Deadlines of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Deadlines {
    /// From the Job's creation to the first step; absent when it cannot be known any more.
    pub(crate) start: Option<Duration>,
    /// From the first step to the end, `after` steps included.
    pub(crate) execution: Option<Duration>,
}

/// The memories of all executions, by uid.
#[derive(Debug, Default)]
pub(crate) struct Memories(Mutex<HashMap<String, Memory>>);

impl Memories {
    /// Takes the memory for a look; [`Memories::keep`] puts it back.
    pub(crate) fn take(&self, uid: &str) -> Memory {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid).unwrap_or_default()
    }

    /// Puts a memory back.
    pub(crate) fn keep(&self, uid: &str, memory: Memory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(uid.to_owned(), memory);
    }

    /// The execution is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}
