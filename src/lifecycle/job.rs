//! What is known of a Job.

use std::time::Duration;

use jiff::Timestamp;

/// The Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// When it was made.
    pub created_at: Timestamp,
    /// When its deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// It belongs to somebody else: the name was taken.
    pub foreign: bool,
    /// SHA-256 of its plan, in hexadecimal.
    pub plan_hash: String,
    /// Its deadlines.
    pub deadlines: Deadlines,
    /// How often the workflow wants an execution tried again although steps had begun.
    pub retries: u32,
    /// How it ended.
    pub end: Option<JobEnd>,
    /// What the Job controller has to say while there is no pod.
    pub words: Option<String>,
}

/// How a Job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// It completed; otherwise it failed.
    pub complete: bool,
    /// Reason of its condition.
    pub reason: String,
    /// Message of its condition.
    pub message: String,
}

/// Deadlines of an execution. What is absent cannot be known any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadlines {
    /// From the Job's creation until a node takes the pod; as `start` when absent.
    pub queue: Option<Duration>,
    /// From then until all images are there; as `start` when absent.
    pub image_pull: Option<Duration>,
    /// From the Job's creation to the first step.
    pub start: Option<Duration>,
    /// From the first step to the end, `after` steps included, pauses not.
    pub execution: Option<Duration>,
    /// Of one pause.
    pub pause: Option<Duration>,
}
