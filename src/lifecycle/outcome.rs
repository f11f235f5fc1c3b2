//! The runner's word, and what is to be made of it when it says that it was
//! stopped although nobody asked for that.

use assay_api::{Phase, Reason, StepState, Verdict};
use assay_protocol::RunOutcome;
use jiff::Timestamp;

use crate::causes::{deadline, disruption};
use crate::decision::{Decision, Trouble, Wake};
use crate::ended::Judgement;
use crate::job::JobEnd;
use crate::observed::Observed;
use crate::pod::{ContainerFacts, ContainerState, Role};
use crate::policy::Policy;
use crate::time::after;

/// The runner's word.
pub(crate) enum Word {
    /// It counts.
    Final(RunOutcome),
    /// The runner, or a step, was stopped from outside, and we know by whom.
    Broken(Judgement),
    /// The runner, or a step, was stopped from outside; the reason may be on its way.
    Unexplained(Box<Decision>),
}

/// What the runner said, by its connection or by its seal.
pub(crate) fn word(observed: &Observed, policy: &Policy, now: Timestamp) -> Option<Word> {
    let told = observed.run.as_ref().and_then(|run| run.outcome.clone());
    let outcome = told.or_else(|| observed.seal().map(|seal| seal.outcome))?;
    if outcome.verdict != Verdict::Cancelled || observed.execution.cancel {
        return Some(killed(observed, outcome, policy, now));
    }
    if let Some(judgement) = explanation(observed) {
        return Some(Word::Broken(judgement));
    }
    let until = after(observed.since(Trouble::Stopped, now), policy.image_grace);
    if now < until {
        let message = "the runner was stopped from outside; waiting for the cluster to say why";
        return Some(Word::Unexplained(Box::new(unexplained(observed, Trouble::Stopped, message, until))));
    }
    let message = "the runner was stopped from outside, and the cluster does not say why";
    Some(Word::Broken(Judgement::lost(Reason::PodLost, message)))
}

/// A step that a signal ended may have been killed for its memory, which only
/// the kubelet knows, and says a moment later. That is no judgement on what was
/// tested, whatever the runner made of it.
fn killed(observed: &Observed, outcome: RunOutcome, policy: &Policy, now: Timestamp) -> Word {
    if !may_be_memory(observed, &outcome) {
        return Word::Final(outcome);
    }
    let groups = || observed.pods.iter().flat_map(|pod| &pod.containers).filter(|c| c.role == Role::Group);
    if let Some(container) = groups().find(|container| is_memory(container)) {
        let message = format!("container `{}` used more memory than its limit: {}", container.name, outcome.message);
        return Word::Broken(Judgement {
            ended_at: Some(outcome.finished_at),
            ..Judgement::errored(Reason::OutOfMemory, message)
        });
    }
    let until = after(observed.since(Trouble::Killed, now), policy.killed_grace);
    // What never started needed no memory.
    let mut started =
        groups().filter(|container| !matches!(container.state, ContainerState::Waiting { .. })).peekable();
    let all_over = started.peek().is_some() && started.all(is_over);
    if all_over || observed.pods.is_empty() || now >= until {
        return Word::Final(outcome);
    }
    let message = "a step was killed; waiting for the kubelet to say whether for its memory";
    Word::Unexplained(Box::new(unexplained(observed, Trouble::Killed, message, until)))
}

/// Only a step that ended by a signal, or with its container, has no exit code.
fn may_be_memory(observed: &Observed, outcome: &RunOutcome) -> bool {
    let judged =
        matches!(outcome.reason, Reason::TestsFailed | Reason::StepErrored | Reason::SetupFailed | Reason::AfterFailed);
    let steps = observed.run.iter().flat_map(|run| &run.steps);
    judged
        && steps.into_iter().any(|step| {
            matches!(step.state, StepState::Failed | StepState::Errored)
                && step.attempts > 0
                && step.exit_code.is_none()
        })
}

fn is_memory(container: &ContainerFacts) -> bool {
    matches!(&container.state, ContainerState::Terminated { reason, .. } if reason == "OOMKilled")
}

fn is_over(container: &ContainerFacts) -> bool {
    matches!(container.state, ContainerState::Terminated { .. })
}

/// Why the cluster stopped a pod that nobody cancelled.
fn explanation(observed: &Observed) -> Option<Judgement> {
    let end = observed.job.as_ref().and_then(|job| job.end.as_ref());
    if end.is_some_and(JobEnd::is_deadline) {
        return Some(deadline(observed));
    }
    let pod = observed.pod();
    if let Some(judgement) = pod.and_then(disruption) {
        return Some(judgement);
    }
    let job_goes = observed.job.as_ref().is_none_or(|job| job.deleted_at.is_some());
    if job_goes {
        // Who deletes the Job means the execution; it is not made again.
        return Some(Judgement::errored(Reason::PodLost, "the Job was deleted while the execution was running"));
    }
    let pod_goes = pod.is_none_or(|pod| pod.deleted_at.is_some());
    pod_goes.then(|| Judgement::lost(Reason::PodLost, "the pod was deleted while the execution was running"))
}

fn unexplained(observed: &Observed, trouble: Trouble, message: &str, until: Timestamp) -> Decision {
    let phase = observed.started_at().map_or(Phase::Starting, |_| Phase::Running);
    let decision = Decision::going(phase, Reason::ProgressingWithRetry, message);
    Decision { wake: Wake::At(until), troubles: vec![trouble], ..decision }
}
