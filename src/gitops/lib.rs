//! What a revision is, what a gate says of it, and what may be done about a bad one, as pure logic.
//!
//! Absent here: clients, async, clocks (time is an argument), files, Git itself. The room `git` finds
//! [`GitFacts`] and writes commits, the operator gathers [`Evidence`] and carries out what is decided here.
#![forbid(unsafe_code)]

mod access;
mod delivery;
mod evidence;
mod repository;
mod rollback;
mod shown;

pub use access::{AccessFound, fold_access};
pub use delivery::{Delivery, Judged, Operation, Readiness, Source, Workload};
pub use evidence::{Evidence, GateFacts, Grant, Neighbour, OtherRollback};
pub use repository::{CommitFacts, FileChange, GitFacts, GitTrouble};
pub use rollback::{
    OpenOutcome, PlanOutcome, PlanRequest, PlannedCommit, PullRequestState, PushOutcome, RestoredPath, RollbackAction,
    RollbackContext, RollbackDecision, asks_guards, asks_repository, decide_rollback, fold_rollback, willing,
};
pub use shown::{Shown, ShownState, shown};
