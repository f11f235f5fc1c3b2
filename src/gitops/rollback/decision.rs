//! What was decided.

use std::time::Duration;

use assay_api::{Finding, Guard, Reason, RollbackPhase, RollbackStatus};
use jiff::Timestamp;

use super::facts::PlanRequest;

/// What becomes of a record, and what is to be done after that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct RollbackDecision {
    /// Where it stands from now on.
    pub phase: RollbackPhase,
    /// Why.
    pub reason: Reason,
    /// One sentence for people. The same facts give the same sentence.
    pub message: String,
    /// The record's facts from now on: commit, pull request, moments, deadline. Phase, reason, message, trail
    /// and conditions in it are those of before; `fold_rollback` writes them.
    pub facts: RollbackStatus,
    /// What is to be done, in this order, once the status is written.
    pub actions: Vec<RollbackAction>,
    /// When to look again if nothing changes before.
    pub wake: Option<Timestamp>,
    /// From the failure to the green verdict of the revert; set when the record becomes `Recovered`.
    pub recovery: Option<Duration>,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollbackAction {
    /// Compute the commit. Writes nothing to the server.
    Plan(PlanRequest),
    /// Push the recorded commit onto its recorded branch: fast-forward of the recorded parent for the
    /// delivered branch, a new branch for a pull request.
    Push,
    /// Open a pull request from the recorded branch, or find the one that is open.
    OpenPullRequest,
    /// Ask the delivery's controller to look at Git now.
    Refresh,
    /// End the operation that holds on to this revision.
    Unblock(String),
    /// Say this on the pull request.
    Comment(String),
}

impl RollbackDecision {
    /// Whether the record is over with it.
    pub const fn is_over(&self) -> bool {
        self.phase.is_final() || self.facts.finished_at.is_some()
    }

    /// The record goes to, or stays in, a phase.
    pub(super) fn to(phase: RollbackPhase, facts: &RollbackStatus, message: impl Into<String>) -> Self {
        Self {
            phase,
            reason: reason(phase),
            message: message.into(),
            facts: facts.clone(),
            actions: Vec::new(),
            wake: None,
            recovery: None,
        }
    }

    /// The record stays as it is, for good.
    pub(super) fn unchanged(status: &RollbackStatus) -> Self {
        let message = status.message.clone().unwrap_or_default();
        let reason = status.reason.unwrap_or(reason(status.phase));
        Self { reason, ..Self::to(status.phase, status, message) }
    }

    /// With the answers of the guards.
    pub(super) fn with_findings(mut self, findings: &[Finding]) -> Self {
        self.facts.findings = findings.to_vec();
        self
    }

    /// For another reason than that of the phase.
    pub(super) fn because(self, reason: Reason) -> Self {
        Self { reason, ..self }
    }

    /// With a further action.
    pub(super) fn then(mut self, action: RollbackAction) -> Self {
        self.actions.push(action);
        self
    }

    /// Not later than at this moment it is looked at again.
    pub(super) fn wake_by(self, at: Timestamp) -> Self {
        let wake = Some(self.wake.map_or(at, |known| known.min(at)));
        Self { wake, ..self }
    }

    /// The phase must be over by then.
    pub(super) fn until(mut self, deadline: Timestamp) -> Self {
        self.facts.deadline = Some(deadline);
        self.wake_by(deadline)
    }
}

/// The reason that stands for a phase.
pub(super) const fn reason(phase: RollbackPhase) -> Reason {
    match phase {
        RollbackPhase::Evaluating => Reason::Evaluating,
        RollbackPhase::Observed => Reason::OnlyObserved,
        RollbackPhase::Refused => Reason::RollbackRefused,
        RollbackPhase::AwaitingApproval => Reason::AwaitingApproval,
        RollbackPhase::Holding => Reason::RollbackHeld,
        RollbackPhase::Joined => Reason::JoinedRollback,
        RollbackPhase::Committing => Reason::Committing,
        RollbackPhase::PullRequestOpen => Reason::PullRequestOpen,
        RollbackPhase::Deploying => Reason::Reverted,
        RollbackPhase::Verifying => Reason::Verifying,
        RollbackPhase::Recovered => Reason::Recovered,
        RollbackPhase::Failed => Reason::RecoveryFailed,
        RollbackPhase::Superseded => Reason::Superseded,
        RollbackPhase::Expired => Reason::RollbackExpired,
    }
}

/// The first answers of a list, for people: `NoMerge: ...; and 2 more`.
pub(super) fn in_words(findings: &[&Finding]) -> String {
    let first = findings.first().map_or_else(String::new, |finding| said(finding.guard, &finding.message));
    match findings.len() {
        0 | 1 => first,
        number => format!("{first}; and {} more", number - 1),
    }
}

fn said(guard: Guard, message: &str) -> String {
    format!("{guard}: {message}")
}
