//! What is remembered of an execution between two looks. None of it is the
//! truth: losing it costs a wait begun anew, or one more question.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use assay_api::{ExecutionDelivery, TestExecutionStatus};
use assay_lifecycle::{Deadlines, Refusal, Seen};
use assay_protocol::ingest::Commands;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::metrics::Counted;

/// What is remembered of one execution.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The status that we wrote last: newer than what the watch shows for a moment.
    pub(crate) published: Option<TestExecutionStatus>,
    /// When something of us was last written for people to see.
    pub(crate) written: Option<Instant>,
    /// Its place among the executions that did not end yet.
    pub(crate) counted: Option<Counted>,
    /// Why the store did not take the last commands.
    pub(crate) untold: Option<String>,
    /// The commands that the store was last given.
    pub(crate) commanded: Option<Commands>,
    /// The delivery of which it is a hook, once it was looked for; it may not be found.
    pub(crate) delivery: Option<Option<ExecutionDelivery>>,
    /// What concerns one attempt only.
    pub(crate) attempt: OfAttempt,
}

/// What is remembered of one attempt.
#[derive(Debug, Default)]
pub(crate) struct OfAttempt {
    /// Which one; 0 before the first look.
    pub(crate) number: u32,
    /// Troubles and since when.
    pub(crate) seen: Vec<Seen>,
    /// Why the store did not take the attempt; it has it all the same when only its answer was lost.
    pub(crate) unbegun: Option<String>,
    /// Why the cluster refused the Job or its ConfigMap.
    pub(crate) refused: Option<Refusal>,
    /// The Job that we applied.
    pub(crate) applied: Option<Applied>,
    /// The watch has shown the Job.
    pub(crate) sighted: bool,
    /// Hash of the plan that the Job obeys.
    pub(crate) plan_hash: Option<String>,
    /// What the workflow says about its executions' time and attempts.
    pub(crate) terms: Option<Terms>,
    /// Whether a container that runs steps was seen started; absent when no pod was seen.
    pub(crate) touched: Option<bool>,
}

impl Memory {
    /// Forgets what concerned another attempt.
    pub(crate) fn turn_to(&mut self, attempt: u32) {
        if self.attempt.number != attempt {
            self.attempt = OfAttempt { number: attempt, ..OfAttempt::default() };
        }
    }
}

/// A Job that we applied, until the watch shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied {
    /// When, by our own clock.
    pub(crate) at: Instant,
    /// The same as a time to show.
    pub(crate) created_at: Timestamp,
}

/// What a workflow says about its executions' time and attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Deadlines.
    pub(crate) deadlines: Deadlines,
    /// How often it is tried again although steps had begun.
    pub(crate) retries: u32,
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
