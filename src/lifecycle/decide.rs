//! Where an execution moves on.

use assay_api::Phase;
use jiff::Timestamp;

use crate::backstop::with_job;
use crate::before::before_job;
use crate::decision::{Action, Decision, Wake};
use crate::ended::{Judgement, conclude};
use crate::observed::{Observed, Recorded};
use crate::outcome::{Word, word};
use crate::policy::Policy;
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
    match word(observed, policy, now) {
        Some(Word::Final(outcome)) => return conclude(observed, Judgement::of_runner(outcome), now),
        Some(Word::Broken(judgement)) => return conclude(observed, judgement, now),
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
    let mut decision = Decision {
        phase: Phase::Finished,
        verdict: previous.verdict,
        reason: previous.reason.unwrap_or(assay_api::Reason::RunnerLost),
        message: previous.message.clone().unwrap_or_default(),
        ended_at: None,
        actions: Vec::new(),
        wake: Wake::OnChange,
        troubles: Vec::new(),
        findings: Vec::new(),
    };
    if observed.recorded == Recorded::Open
        && let (Some(verdict), Some(finished_at)) = (previous.verdict, previous.finished_at)
    {
        let (reason, message) = (decision.reason, decision.message.clone());
        let conclusion = assay_protocol::rest::Conclusion { verdict, reason, message, finished_at };
        decision.actions.push(Action::Conclude(conclusion));
    }
    if crate::ended::must_be_removed(observed) {
        decision.actions.push(Action::DeleteJob { foreground: false });
    }
    decision
}

/// The object goes, and its Job and pods with it by their owner references.
fn leaving(observed: &Observed) -> Decision {
    let previous = &observed.previous;
    Decision {
        phase: previous.phase,
        verdict: None,
        reason: previous.reason.unwrap_or(assay_api::Reason::Accepted),
        message: previous.message.clone().unwrap_or_else(|| "being deleted".to_owned()),
        ended_at: None,
        actions: Vec::new(),
        wake: Wake::OnChange,
        troubles: Vec::new(),
        findings: vec!["the execution is being deleted".to_owned()],
    }
}
