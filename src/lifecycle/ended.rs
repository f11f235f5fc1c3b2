//! The end of an execution: one judgement, told to everybody.

use assay_api::{Phase, Reason, Verdict};
use assay_protocol::RunOutcome;
use assay_protocol::rest::Conclusion;
use jiff::Timestamp;

use crate::decision::{Action, Decision, Severity};
use crate::observed::Observed;
use crate::time::milliseconds;

/// A final judgement.
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) reason: Reason,
    pub(crate) message: String,
    /// When the user's last process ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// The cluster lost the pod, by no fault of what runs in it.
    pub(crate) lost: bool,
}

impl Judgement {
    /// The runner's own.
    pub(crate) fn of_runner(outcome: RunOutcome) -> Self {
        let RunOutcome { verdict, reason, message, finished_at, .. } = outcome;
        Self { verdict, reason, message, ended_at: Some(finished_at), lost: false }
    }

    /// The one that the store was told already.
    pub(crate) fn of_store(conclusion: &Conclusion, observed: &Observed) -> Self {
        let Conclusion { verdict, reason, message, .. } = conclusion.clone();
        let outcome = observed.run.as_ref().and_then(|run| run.outcome.as_ref());
        Self { verdict, reason, message, ended_at: outcome.map(|outcome| outcome.finished_at), lost: false }
    }

    /// Nothing could be judged.
    pub(crate) fn errored(reason: Reason, message: impl Into<String>) -> Self {
        Self { verdict: Verdict::Errored, reason, message: message.into(), ended_at: None, lost: false }
    }

    /// Nothing could be judged, because the cluster lost the pod.
    pub(crate) fn lost(reason: Reason, message: impl Into<String>) -> Self {
        Self { lost: true, ..Self::errored(reason, message) }
    }

    /// Somebody asked for it to stop.
    pub(crate) fn cancelled(message: impl Into<String>) -> Self {
        let (verdict, reason) = (Verdict::Cancelled, Reason::Cancelled);
        Self { verdict, reason, message: message.into(), ended_at: None, lost: false }
    }
}

/// Makes the judgement final. The store hears of it first, then the status is
/// written, then the event; what a crash in between leaves undone is done at
/// the next look.
pub(crate) fn conclude(observed: &Observed, judgement: Judgement, now: Timestamp) -> Decision {
    let Judgement { verdict, reason, message, ended_at, .. } = judgement;
    let severity = if verdict.is_green() { Severity::Normal } else { Severity::Warning };
    let finished_at = milliseconds(now);
    let conclusion = Conclusion { verdict, reason, message: message.clone(), finished_at };
    let mut actions = vec![Action::Conclude(conclusion)];
    actions.extend(removals(observed));
    // Events call for somebody's eyes, and each is a write to the API server: that it
    // passed stands in the status.
    if verdict != Verdict::Passed {
        actions.push(Action::PublishEvent { severity, reason, message: format!("{verdict}: {message}") });
    }
    let verdict = Some(verdict);
    Decision { verdict, ended_at, actions, ..Decision::going(Phase::Finished, reason, message) }
}

/// What would go on although the judgement is made: the runner did not end by
/// itself, so its pod may still be doing something; and what is left of earlier
/// attempts.
pub(crate) fn removals(observed: &Observed) -> Vec<Action> {
    let delete = |name: &String| Action::DeleteJob { name: name.clone(), foreground: false };
    let own = must_be_removed(observed).then(|| delete(&observed.execution.job_name));
    observed.older.jobs.iter().map(delete).chain(own).collect()
}

fn must_be_removed(observed: &Observed) -> bool {
    let ended_itself = observed.run.as_ref().is_some_and(|run| run.outcome.is_some()) || observed.seal().is_some();
    observed
        .job
        .as_ref()
        .is_some_and(|job| !ended_itself && !job.foreign && job.deleted_at.is_none() && job.end.is_none())
}
