//! What a revision is, what a gate says of it, and what may be done about a bad one, as pure logic.
//!
//! Absent here: clients, async, clocks (time is an argument), files, Git itself. The room `git` finds
//! [`GitFacts`] and writes commits, the operator gathers [`Evidence`] and carries out what is decided here.
#![forbid(unsafe_code)]

mod access;
mod allow;
mod delivery;
mod dry_run;
mod evidence;
pub mod gate;
mod guards;
mod key;
mod message;
mod mistakes;
mod paths;
mod pull_request;
mod read;
mod repository;
mod repository_url;
mod revision;
mod rollback;
mod shown;
mod text;
mod time;
pub mod webhook;

pub use access::{AccessFound, fold_access, try_access_again};
pub use allow::{allowed, concerns};
pub use delivery::{Delivery, Judged, Operation, Readiness, Source, Workload, restored_paths};
pub use dry_run::{DryRunAsk, DryRunChores, as_asked, dry_run_chores, dry_run_name, dry_run_spec, last_failure};
pub use evidence::{Evidence, GateFacts, Grant, Neighbour, OtherRollback};
pub use guards::{ask_again_at, ask_guard, companions, judge};
pub use key::{rollback_branch, rollback_key};
pub use message::{Companion, RevertText, commit_message, commit_subject};
pub use mistakes::{SpecMistake, access_mistakes, gate_mistakes};
pub use pull_request::pull_request_text;
pub use read::{ObjectName, Objects, ReadContext, find, read};
pub use repository::{CommitFacts, FileChange, GitFacts, GitTrouble};
pub use repository_url::{RepositoryUrlError, repository_identity, same_repository, without_credentials};
pub use revision::{commit_of, is_commit, names_commit};
pub use rollback::{
    Company, NeededRecords, OpenOutcome, PlanOutcome, PlanRequest, PlannedCommit, PullRequestState, PushOutcome,
    RestoredPath, RollbackAction, RollbackContext, RollbackDecision, asks_guards, asks_repository, decide_rollback,
    fold_rollback, willing, written_at,
};
pub use shown::{Shown, ShownState, shown};
