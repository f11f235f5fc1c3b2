//! Single cases.

use assay_api::{Phase, Reason, Verdict};

use super::build::{at, container, fresh, job, job_name, outcome, pod, progress, sealed, waiting, with};
use crate::{
    Action, ContainerState, Decision, JobEnd, Observed, Planned, PodFacts, Policy, Refusal, Role, Seen, Trouble, Wake,
    decide, fold_execution,
};

fn look(observed: &Observed, second: i64) -> Decision {
    decide(observed, &Policy::default(), at(second))
}

#[track_caller]
fn ends(observed: &Observed, second: i64, verdict: Verdict, reason: Reason) -> Decision {
    let decision = look(observed, second);
    assert_eq!((decision.verdict, decision.reason), (Some(verdict), reason), "{}", decision.message);
    assert_eq!(decision.phase, Phase::Finished);
    decision
}

#[track_caller]
fn goes_on(observed: &Observed, second: i64, reason: Reason, wake: Wake) -> Decision {
    let decision = look(observed, second);
    assert_eq!((decision.verdict, decision.reason, decision.wake), (None, reason, wake), "{}", decision.message);
    decision
}

fn delete(foreground: bool) -> Action {
    Action::DeleteJob { name: job_name(1), foreground }
}

/// A pod whose steps had begun, and whose runner ended without a word.
fn over(phase: &str) -> PodFacts {
    let state =
        |message: &str| ContainerState::Terminated { exit_code: 0, reason: "Error".into(), message: message.into() };
    let group = container("group-0", Role::Group, state(""));
    PodFacts { containers: vec![group, container("assay", Role::Leader, state("no seal"))], ..pod(phase) }
}

fn since(observed: Observed, trouble: Trouble, second: i64) -> Observed {
    Observed { seen: vec![Seen { trouble, since: at(second) }], ..observed }
}

#[test]
fn a_new_execution_gets_its_job_once() {
    let decision = look(&fresh(), 1);
    assert_eq!((decision.phase, &decision.actions[..]), (Phase::Starting, &[Action::ApplyObjects][..]));
    let status = fold_execution(&fresh(), &decision, at(1));
    assert_eq!(status.job.as_ref().map(|job| (job.name.as_str(), job.plan_hash.as_str())), Some(("e-12345671", "h")));
    assert_eq!(status.queued_at, Some(at(1)));

    let known = Observed { previous: status, job: Some(job()), ..fresh() };
    assert_eq!(look(&known, 2).actions, []);
    let gone = Observed { job: None, ..known };
    assert_eq!(look(&gone, 2).actions, [], "a deleted Job is not made again");
    let gone = since(gone, Trouble::Silence, 2);
    ends(&gone, 17, Verdict::Errored, Reason::PodLost);
}

#[test]
fn a_missing_workflow_is_waited_for_and_then_named() {
    let observed = Observed { planned: Planned::WorkflowMissing, ..fresh() };
    goes_on(&observed, 1, Reason::WorkflowNotFound, Wake::At(at(5)));
    let decision = ends(&observed, 5, Verdict::Errored, Reason::WorkflowNotFound);
    assert!(decision.message.contains("`w`"));
    assert!(!decision.actions.contains(&delete(false)));
}

#[test]
fn invalid_is_final_at_once_and_says_everything() {
    for reason in [Reason::WorkflowInvalid, Reason::ConfigInvalid] {
        let diagnostics = vec!["one".to_owned(), "two".to_owned()];
        let observed = Observed { planned: Planned::Invalid { reason, diagnostics }, ..fresh() };
        let decision = ends(&observed, 0, Verdict::Errored, reason);
        assert!(decision.message.ends_with(":\none\ntwo"), "{}", decision.message);
    }
}

#[test]
fn a_refused_job_is_tried_again_when_that_may_help() {
    let refusal = |lasting| Some(Refusal { lasting, message: "exceeded quota".into() });
    let may_pass = Observed { refused: refusal(false), ..fresh() };
    let decision = goes_on(&may_pass, 1, Reason::Refused, Wake::At(at(600)));
    assert_eq!((decision.phase, &decision.actions[..]), (Phase::Pending, &[Action::ApplyObjects][..]));
    ends(&may_pass, 600, Verdict::Errored, Reason::Refused);
    ends(&Observed { refused: refusal(true), ..fresh() }, 1, Verdict::Errored, Reason::Refused);
    // What cannot be planned any more is not asked for again.
    let missing = Observed { planned: Planned::WorkflowMissing, ..may_pass };
    assert_eq!(look(&missing, 1).reason, Reason::WorkflowNotFound);
}

#[test]
fn the_runners_word_counts_before_everything() {
    let run = Some(progress(Some(outcome(Verdict::Failed, Reason::TestsFailed))));
    let decision = ends(&Observed { run, ..with(vec![pod("Running")]) }, 9, Verdict::Failed, Reason::TestsFailed);
    assert_eq!(decision.message, "as the runner says");
    assert!(!decision.actions.contains(&delete(false)), "it ends by itself");
    ends(&with(vec![sealed(Verdict::Passed, Reason::Passed, 1)]), 9, Verdict::Passed, Reason::Passed);
    let mut other = with(vec![sealed(Verdict::Passed, Reason::Passed, 1)]);
    if let Some(job) = &mut other.job {
        job.plan_hash = "another".into();
    }
    assert_eq!(look(&other, 9).verdict, None, "a seal of another plan is none");
}

#[test]
fn images_that_cannot_come_end_it() {
    let bad = with(vec![waiting("InvalidImageName", "no")]);
    let decision = ends(&bad, 1, Verdict::Errored, Reason::ImagePullFailed);
    assert!(decision.actions.contains(&delete(false)));
    ends(&with(vec![waiting("ImagePullBackOff", "x: not found")]), 1, Verdict::Errored, Reason::ImagePullFailed);
    let once = with(vec![waiting("ErrImagePull", "manifest unknown")]);
    assert_eq!(goes_on(&once, 1, Reason::PullingImage, Wake::At(at(3))).troubles, [Trouble::Image]);
    ends(&since(once, Trouble::Image, 1), 3, Verdict::Errored, Reason::ImagePullFailed);
    let slow = with(vec![waiting("ErrImagePull", "i/o timeout")]);
    goes_on(&slow, 30, Reason::PullingImage, Wake::At(at(600)));
    let decision = ends(&slow, 600, Verdict::Errored, Reason::ImagePullTimedOut);
    for words in ["10m", "i/o timeout", "r/group-0:1"] {
        assert!(decision.message.contains(words), "{}", decision.message);
    }
}

#[test]
fn containers_that_cannot_be_created_get_a_moment() {
    let observed = with(vec![waiting("CreateContainerConfigError", "secret \"s\" not found")]);
    goes_on(&observed, 21, Reason::Starting, Wake::At(at(31)));
    let decision = ends(&since(observed, Trouble::Container, 21), 31, Verdict::Errored, Reason::ContainerCreateFailed);
    assert!(decision.message.contains("secret \"s\" not found"));
}

#[test]
fn a_pod_without_a_node_waits_until_the_start_deadline() {
    let words = "0/1 nodes are available: 1 Insufficient cpu.";
    let pod = PodFacts { unschedulable: Some(words.into()), containers: Vec::new(), ..pod("Pending") };
    goes_on(&with(vec![pod.clone()]), 30, Reason::Unschedulable, Wake::At(at(600)));
    let decision = ends(&with(vec![pod]), 600, Verdict::Errored, Reason::QueueTimedOut);
    assert!(decision.message.contains(words) && decision.message.contains("10m"), "{}", decision.message);
}

#[test]
fn a_pod_that_is_not_created_is_a_refusal_in_the_end() {
    goes_on(&with(Vec::new()), 1, Reason::Starting, Wake::At(at(20)));
    let mut observed = with(Vec::new());
    if let Some(job) = &mut observed.job {
        job.words = Some("exceeded quota: pods".into());
    }
    goes_on(&observed, 20, Reason::Refused, Wake::At(at(600)));
    let decision = ends(&observed, 600, Verdict::Errored, Reason::Refused);
    assert!(decision.message.contains("exceeded quota"));
}

#[test]
fn what_the_cluster_does_to_a_pod_is_told_apart() {
    let evicted = PodFacts { reason: Some("Evicted".into()), message: Some("low on memory".into()), ..over("Failed") };
    ends(&with(vec![evicted]), 9, Verdict::Errored, Reason::PodEvicted);
    let preempted = PodFacts { disrupted: Some("PreemptionByScheduler: preempted".into()), ..over("Failed") };
    ends(&with(vec![preempted]), 9, Verdict::Errored, Reason::PodEvicted);
    let node = PodFacts { disrupted: Some("DeletionByTaintManager: gone".into()), ..over("Failed") };
    ends(&with(vec![node]), 9, Verdict::Errored, Reason::PodLost);

    let state = ContainerState::Terminated { exit_code: 137, reason: "OOMKilled".into(), message: String::new() };
    let killed = PodFacts { containers: vec![container("group-0", Role::Group, state)], ..pod("Running") };
    let decision = ends(&with(vec![killed]), 9, Verdict::Errored, Reason::OutOfMemory);
    assert!(decision.actions.contains(&delete(false)));
}

#[test]
fn silence_is_given_time_to_break() {
    let observed = with(vec![over("Failed")]);
    goes_on(&observed, 30, Reason::ProgressingWithRetry, Wake::At(at(45)));
    ends(&since(observed, Trouble::Silence, 30), 45, Verdict::Errored, Reason::RunnerLost);
    let end = Some(JobEnd { complete: false, reason: "BackoffLimitExceeded".into(), message: "it failed".into() });
    let mut gone = Observed { touched: Some(true), ..with(Vec::new()) };
    gone.job.as_mut().expect("a Job").end = end;
    ends(&since(gone, Trouble::Silence, 30), 45, Verdict::Errored, Reason::PodLost);
    let leaving = PodFacts { deleted_at: Some(at(60)), ..pod("Running") };
    ends(&since(with(vec![leaving]), Trouble::Leaving, 30), 75, Verdict::Errored, Reason::PodLost);
}

#[test]
fn deadlines_hold_without_the_runner() {
    let mut observed = with(vec![pod("Running")]);
    observed.run = Some(progress(None));
    goes_on(&observed, 30, Reason::Running, Wake::At(at(1 + 3600 + 120)));
    ends(&observed, 1 + 3600 + 120, Verdict::Errored, Reason::ExecutionTimedOut);
    let end = Some(JobEnd { complete: false, reason: "DeadlineExceeded".into(), message: String::new() });
    observed.job.as_mut().expect("a Job").end = end;
    ends(&observed, 30, Verdict::Errored, Reason::ExecutionTimedOut);
    observed.run = None;
    ends(&observed, 30, Verdict::Errored, Reason::StartTimedOut);
}

#[test]
fn cancelling_gives_the_runner_its_time() {
    let mut observed = with(vec![pod("Running")]);
    observed.execution.cancel = true;
    let decision = goes_on(&observed, 10, Reason::Cancelled, Wake::At(at(55)));
    assert_eq!(decision.actions, [delete(true)]);
    observed.job.as_mut().expect("a Job").deleted_at = Some(at(10));
    assert_eq!(goes_on(&observed, 11, Reason::Cancelled, Wake::At(at(55))).actions, []);
    ends(&observed, 55, Verdict::Cancelled, Reason::Cancelled);
    let run = Some(progress(Some(outcome(Verdict::Cancelled, Reason::Cancelled))));
    ends(&Observed { run, ..observed }, 12, Verdict::Cancelled, Reason::Cancelled);
    let mut early = fresh();
    early.execution.cancel = true;
    ends(&early, 1, Verdict::Cancelled, Reason::Cancelled);
}

#[test]
fn stopped_though_nobody_asked_is_no_cancellation() {
    let run = Some(progress(Some(outcome(Verdict::Cancelled, Reason::Cancelled))));
    let observed = |pod| Observed { run: run.clone(), ..with(vec![pod]) };
    let evicted = PodFacts { reason: Some("Evicted".into()), ..pod("Failed") };
    ends(&observed(evicted), 9, Verdict::Errored, Reason::PodEvicted);
    let deleted = PodFacts { deleted_at: Some(at(30)), ..pod("Running") };
    ends(&observed(deleted), 9, Verdict::Errored, Reason::PodLost);
    goes_on(&observed(pod("Running")), 9, Reason::ProgressingWithRetry, Wake::At(at(11)));
    ends(&since(observed(pod("Running")), Trouble::Stopped, 9), 11, Verdict::Errored, Reason::PodLost);
}

#[test]
fn a_final_status_is_whole_and_stays() {
    let run = Some(progress(Some(outcome(Verdict::Passed, Reason::Passed))));
    let mut observed = Observed { run, ..with(vec![pod("Running")]) };
    observed.log = crate::LogFacts { bytes: 5000, tail: "ä".repeat(3000) };
    let status = fold_execution(&observed, &look(&observed, 10), at(10));
    assert_eq!((status.duration.as_deref(), status.finished_at), (Some("8.0s"), Some(at(10))));
    let log = status.log.as_ref().expect("a log");
    assert!(log.complete && log.tail.len() <= 2048);
    assert!(status.steps.iter().all(|step| step.state.is_final()));

    observed.previous = status.clone();
    observed.execution.cancel = true;
    observed.execution.generation = 2;
    observed.run = Some(progress(Some(outcome(Verdict::Failed, Reason::TestsFailed))));
    let decision = look(&observed, 99);
    assert_eq!(decision.verdict, Some(Verdict::Passed));
    let later = fold_execution(&observed, &decision, at(99));
    assert_eq!((later.observed_generation, later.verdict), (2, Some(Verdict::Passed)));
    let conclusion = decision.actions.iter().find_map(|action| match action {
        Action::Conclude(conclusion) => Some(conclusion.finished_at),
        _ => None,
    });
    assert_eq!(conclusion, Some(at(10)), "what the store missed is told to it again");
}

#[test]
fn a_step_that_was_killed_for_its_memory_is_no_failed_test() {
    let mut run = progress(Some(outcome(Verdict::Failed, Reason::TestsFailed)));
    run.steps[0].state = assay_api::StepState::Failed;
    let group = |state| PodFacts { containers: vec![container("group-0", Role::Group, state)], ..pod("Running") };
    let ended = |reason: &str| {
        group(ContainerState::Terminated { exit_code: 0, reason: reason.into(), message: String::new() })
    };
    let observed = |pod| Observed { run: Some(run.clone()), ..with(vec![pod]) };
    let decision = ends(&observed(ended("OOMKilled")), 9, Verdict::Errored, Reason::OutOfMemory);
    assert!(decision.message.contains("group-0") && decision.ended_at == Some(at(9)), "{}", decision.message);
    ends(&observed(ended("Completed")), 9, Verdict::Failed, Reason::TestsFailed);
    goes_on(&observed(group(ContainerState::Running)), 9, Reason::ProgressingWithRetry, Wake::At(at(24)));
    let mut half = ended("Completed");
    let waiting = ContainerState::Waiting { reason: "PodInitializing".into(), message: String::new() };
    half.containers.push(container("group-1", Role::Group, waiting));
    ends(&observed(half), 9, Verdict::Failed, Reason::TestsFailed);
    let waited = since(observed(group(ContainerState::Running)), Trouble::Killed, 9);
    ends(&waited, 24, Verdict::Failed, Reason::TestsFailed);
    let mut exited = observed(group(ContainerState::Running));
    exited.run.as_mut().expect("a run").steps[0].exit_code = Some(1);
    ends(&exited, 9, Verdict::Failed, Reason::TestsFailed);
}
