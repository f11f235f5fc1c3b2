//! Everything that a gate is judged by, gathered before anything is decided.

use std::collections::BTreeMap;

use assay_api::{Reason, RevisionStatus, RollbackPhase, TestGateSpec, TestGateStatus, Verdict};
use jiff::Timestamp;

use crate::delivery::{Delivery, Readiness};

/// What is known of a gate now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateObserved {
    /// The object itself.
    pub gate: GateObject,
    /// The status that was written last.
    pub previous: TestGateStatus,
    /// The delivery as it is now; `None` when it does not exist.
    pub delivery: Option<Delivery>,
    /// Hashes over the delivered trees, by revision, as far as they are known: of the revisions that the
    /// delivery names, and of the gate's own `spec.revision`.
    pub trees: BTreeMap<String, String>,
    /// Whether a hash is being found out and comes within seconds.
    pub trees_pending: bool,
    /// How the workloads are; [`Readiness::Unknown`] until a decision asks for it.
    pub readiness: Readiness,
    /// The executions that this gate made, by name, as far as they exist, existed, or were just made.
    pub runs: BTreeMap<String, Run>,
    /// The record that `status.rollback` names, while it exists.
    pub rollback: Option<RollbackSeen>,
}

/// A `TestGate`, as far as it is needed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateObject {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Uid.
    pub uid: String,
    /// Generation of its spec.
    pub generation: i64,
    /// What is wanted.
    pub spec: TestGateSpec,
    /// Value of the annotation `assay.dev/rerun`.
    pub rerun: Option<String>,
    /// Value of the annotation `reconcile.fluxcd.io/requestedAt`.
    pub requested_at: Option<String>,
}

/// An execution of the gate. One that is not known at all was never made.
#[derive(Clone, Debug, PartialEq)]
pub enum Run {
    /// It was made, and goes on as far as is known.
    Going {
        /// Whether it was asked to stop.
        cancelling: bool,
    },
    /// It has a verdict.
    Ended(RunEnd),
    /// It was there, and was deleted without a verdict.
    Lost,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEnd {
    /// Its verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason: Option<Reason>,
    /// One sentence for people.
    pub message: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// A `Rollback`, as its gate sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct RollbackSeen {
    /// The revision that it is about.
    pub bad: RevisionStatus,
    /// Where it stands.
    pub phase: RollbackPhase,
    /// When the failure that it is about became final.
    pub failed_at: Timestamp,
}
