//! The life of a rollback: from the failure of a revision to the green verdict of its revert.
//!
//! [`decide_rollback`] looks at the record, at the facts and at what came of the last action, and says what
//! the record becomes and what is to be done then; [`fold_rollback`] is the only writer of a record's status.
//! Whoever carries it out writes the status first and acts afterwards, so that a crash in between finds the
//! intention in the record and the outcome in the repository.
//!
//! ```text
//! Evaluating ⇄ Holding, AwaitingApproval, Joined
//!     → Refused, Observed, Superseded, Expired
//!     → Committing → PullRequestOpen → Deploying → Verifying → Recovered, Failed, Superseded
//! ```

mod company;
mod decide;
mod decision;
mod evaluate;
mod facts;
mod needed;
mod rehearse;
mod status;
mod verify;
mod write;

#[cfg(test)]
mod tests;

pub use company::willing;
pub use decide::{asks_guards, asks_repository, decide_rollback};
pub use decision::{RollbackAction, RollbackDecision};
pub use facts::{
    Company, OpenOutcome, PlanOutcome, PlanRequest, PlannedCommit, PullRequestState, PushOutcome, RestoredPath,
    RollbackContext,
};
pub use needed::{NeededRecords, written_at};
pub use status::fold_rollback;
