//! Where an execution moves on.

use assay_api::Phase;
use jiff::Timestamp;

use crate::again::judge;
use crate::backstop::with_job;
use crate::before::before_job;
use crate::decision::{Action, Decision};
use crate::ended::{Judgement, conclude, removals};
use crate::observed::{Observed, Recorded};
use crate::outcome::{Word, word};
use crate::policy::Policy;
use crate::record;
use crate::stopping::stopping;

/// Decides what is to be done about an execution, and what is to be said of it.
///
/// The runner's own outcome counts before everything; then the seal that its
/// pod left; then what somebody asked for; and only then the state of Job and
/// pods. A final phase is never left again.
pub fn decide(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    if observed.previous.phase == Phase::Finished {
        return finished(observed);
    }
    if observed.execution.deleting {
        return leaving(observed);
    }
    if let Some(conclusion) = &observed.judged {
        return conclude(observed, Judgement::of_store(conclusion, observed), now);
    }
    let mut decision = move_on(observed, policy, now);
    if decision.phase != Phase::Finished && decision.next_attempt.is_none() {
        record::add(observed, &mut decision, policy, now);
    }
    decision
}

fn move_on(observed: &Observed, policy: &Policy, now: Timestamp) -> Decision {
    match word(observed, policy, now) {
        Some(Word::Final(outcome)) => return conclude(observed, Judgement::of_runner(outcome), now),
        Some(Word::Broken(judgement)) => return judge(observed, judgement, policy, now),
        Some(Word::Unexplained(decision)) => return *decision,
        None => {}
    }
    if observed.execution.cancel {
        return stopping(observed, policy, now);
    }
    if observed.had_job() { with_job(observed, policy, now) } else { before_job(observed, policy, now) }
}

/// Nothing moves any more; what an interrupted operator left undone is done.
fn finished(observed: &Observed) -> Decision {
    let previous = &observed.previous;
    let reason = previous.reason.unwrap_or(assay_api::Reason::RunnerLost);
    let message = previous.message.clone().unwrap_or_default();
    let verdict = previous.verdict;
    let mut actions = Vec::new();
    if matches!(observed.recorded, Recorded::Open | Recorded::Unknown)
        && let (Some(verdict), Some(finished_at)) = (verdict, previous.finished_at)
    {
        let conclusion = assay_protocol::rest::Conclusion { verdict, reason, message: message.clone(), finished_at };
        actions.push(Action::Conclude(conclusion));
    }
    actions.extend(removals(observed));
    Decision { verdict, actions, ..Decision::going(Phase::Finished, reason, message) }
}

/// The object goes, and its Job and pods with it by their owner references.
fn leaving(observed: &Observed) -> Decision {
    let previous = &observed.previous;
    let reason = previous.reason.unwrap_or(assay_api::Reason::Accepted);
    let message = previous.message.clone().unwrap_or_else(|| "being deleted".to_owned());
    let findings = vec!["the execution is being deleted".to_owned()];
    Decision { findings, ..Decision::going(previous.phase, reason, message) }
}
