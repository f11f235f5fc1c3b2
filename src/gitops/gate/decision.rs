//! What is to be done about a gate, and what is to be said of it.

use std::time::Duration;

use assay_api::{GateRole, GateWorkflow, Reason, RollbackSpec, TestGateStatus, Verdict};
use jiff::Timestamp;

/// What [`crate::gate::decide_gate`] decided.
#[derive(Clone, Debug, PartialEq)]
pub struct GateDecision {
    /// The whole status. It is written before anything is done, so that a crash in between finds written
    /// down what was about to be done.
    pub status: TestGateStatus,
    /// What is to be done, in this order. Doing any of it twice does no harm.
    pub actions: Vec<GateAction>,
    /// When to look again, or earlier when something changes.
    pub wake: Option<Timestamp>,
    /// The decision waits only for how the workloads are: look, and decide again.
    pub ask_readiness: bool,
    /// A verdict became final by this decision.
    pub end: Option<GateEnd>,
}

/// One thing to do outside.
#[derive(Clone, Debug, PartialEq)]
pub enum GateAction {
    /// Make an execution. One of that name is the same one.
    Make(GateRun),
    /// Ask an execution to stop.
    Cancel(String),
    /// Make the record of a rollback. One of that name is the same one.
    MakeRollback {
        /// Its name.
        name: String,
        /// What is to be decided. Its list of failed tests is empty: the executions tell them.
        spec: Box<RollbackSpec>,
    },
    /// Make a Kubernetes Event of type `Warning` about the gate.
    PublishEvent {
        /// Reason of the event.
        reason: Reason,
        /// Its text.
        message: String,
    },
}

/// An execution that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct GateRun {
    /// Its name.
    pub name: String,
    /// The workflow, and the values for its parameters.
    pub workflow: GateWorkflow,
    /// The revision that it is given.
    pub revision: String,
    /// What it is for.
    pub role: GateRole,
}

/// A verdict that became final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateEnd {
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// How long it took since the revision was seen.
    pub lasted: Duration,
}
