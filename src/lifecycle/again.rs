//! An attempt that the cluster lost, and the one after it.

use assay_api::{Phase, Reason};
use jiff::Timestamp;

use crate::decision::{Action, Decision, Severity, Trouble, Wake};
use crate::ended::{Judgement, conclude, removals};
use crate::observed::Observed;
use crate::policy::Policy;
use crate::record::without_trouble;
use crate::time::after;

/// Makes the judgement final, or tries again what the cluster lost.
///
/// Before the first step that is free. Afterwards the workflow must want it,
/// because whatever the steps did is done a second time.
pub(crate) fn judge(observed: &Observed, judgement: Judgement, policy: &Policy, now: Timestamp) -> Decision {
    if !judgement.lost {
        return conclude(observed, judgement, now);
    }
    let begun = observed.may_have_begun();
    let asked = observed.job.as_ref().map_or(0, |job| job.retries);
    let limit = if begun { asked } else { asked.max(policy.free_retries) };
    let attempt = observed.execution.attempt;
    if attempt <= limit && !observed.execution.cancel {
        return again(observed, &judgement);
    }
    let message = match (attempt, begun) {
        (1, _) => judgement.message.clone(),
        (_, true) => format!("{} (attempt {attempt}; steps had begun)", judgement.message),
        (_, false) => format!("{} (attempt {attempt}, the last one)", judgement.message),
    };
    conclude(observed, Judgement { message, ..judgement }, now)
}

/// Announces the next attempt. Its Job is made by a later look, which finds
/// the announcement in the status.
fn again(observed: &Observed, judgement: &Judgement) -> Decision {
    let next = observed.execution.attempt.saturating_add(1);
    let message = format!("{}: {}; attempt {next} begins", judgement.reason, judgement.message);
    let mut actions = removals(observed);
    let event =
        Action::PublishEvent { severity: Severity::Warning, reason: Reason::TryingAgain, message: message.clone() };
    actions.push(event);
    let decision = Decision::going(Phase::Pending, Reason::TryingAgain, message);
    Decision { next_attempt: Some(next), actions, ..decision }
}

/// Holds an attempt back for a while: for what is left of the one before, and
/// so that a node in trouble is not asked again at once. `None`: it may begin.
pub(crate) fn hold(observed: &Observed, policy: &Policy, now: Timestamp) -> Option<Decision> {
    let earlier = observed.execution.attempt.checked_sub(2)?;
    let since = observed.since(Trouble::Again, now);
    let pause = policy.again_pause.saturating_mul(1 << earlier.min(8));
    let limit = if observed.older.busy { policy.again_limit.max(pause) } else { pause };
    let until = after(since, limit);
    if now >= until {
        return None;
    }
    let announced = observed.previous.message.as_deref().filter(|_| observed.previous.job.is_some());
    let message = announced.map_or("an attempt was lost; trying again", without_trouble);
    let decision = Decision::going(Phase::Pending, Reason::TryingAgain, message);
    let wake = Wake::At(until);
    Some(Decision { actions: removals(observed), wake, troubles: vec![Trouble::Again], ..decision })
}
