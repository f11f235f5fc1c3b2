//! One decision about a rollback.

use assay_api::{RollbackPhase, RollbackStatus};
use jiff::Timestamp;

use super::decision::RollbackDecision;
use super::evaluate::evaluate;
use super::facts::RollbackContext;
use super::rehearse::rehearse;
use super::verify::{deploying, joined, verifying};
use super::write::{committing, pull_request_open};
use crate::evidence::Evidence;

/// What becomes of a rollback. A record in a final phase stays as it is, and nothing is done for it.
pub fn decide_rollback(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    if evidence.status.is_over() {
        return RollbackDecision::unchanged(&evidence.status);
    }
    if evidence.spec.dry_run.is_some() {
        return rehearse(evidence, context, now);
    }
    match evidence.status.phase {
        RollbackPhase::Committing => committing(evidence, context, now),
        RollbackPhase::Joined => joined(evidence, context, now),
        RollbackPhase::PullRequestOpen => pull_request_open(evidence, context, now),
        RollbackPhase::Deploying => deploying(evidence, now),
        RollbackPhase::Verifying => verifying(evidence, now),
        _ => evaluate(evidence, context, now),
    }
}

/// Whether the next decision needs the guards' answers: as long as nothing is on the server.
pub const fn asks_guards(phase: RollbackPhase) -> bool {
    matches!(
        phase,
        RollbackPhase::Evaluating
            | RollbackPhase::Holding
            | RollbackPhase::AwaitingApproval
            | RollbackPhase::Joined
            | RollbackPhase::Committing
    )
}

/// Whether the next decision needs a look at the repository. Once the revert is on the branch it does so only
/// to tell what another commit is, when that is deployed.
pub fn asks_repository(status: &RollbackStatus, bad: &str, attempted: Option<&str>) -> bool {
    if asks_guards(status.phase) || status.phase == RollbackPhase::PullRequestOpen {
        return true;
    }
    let known =
        |attempted: &str| attempted == bad || status.commit.as_ref().is_some_and(|commit| commit.id == attempted);
    !status.phase.is_final() && attempted.is_some_and(|attempted| !known(attempted))
}
