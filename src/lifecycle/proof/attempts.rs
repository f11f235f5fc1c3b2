//! What the cluster loses is tried again, as far as that is right.

use assay_api::{Phase, Reason, Verdict};

use super::build::{at, container, fresh, job, job_name, outcome, pod, progress, sealed, untouched, with};
use crate::{
    Action, ContainerState, Decision, JobEnd, Observed, Older, PodFacts, Policy, Role, Seen, Severity, Trouble, Wake,
    decide, fold_execution,
};

fn look(observed: &Observed, second: i64) -> Decision {
    decide(observed, &Policy::default(), at(second))
}

fn evicted(pod: PodFacts) -> PodFacts {
    PodFacts { phase: "Failed".into(), reason: Some("Evicted".into()), message: Some("low on memory".into()), ..pod }
}

/// The state after the next attempt was announced.
fn announced(attempt: u32) -> Observed {
    let mut observed = with(vec![evicted(untouched())]);
    observed.execution.attempt = attempt - 1;
    observed.execution.next_job_name = job_name(attempt);
    let status = fold_execution(&observed, &look(&observed, 9), at(9));
    let mut next = Observed { previous: status, ..fresh() };
    next.execution.attempt = attempt;
    next.execution.job_name = job_name(attempt);
    next
}

#[test]
fn a_pod_lost_before_its_first_step_is_tried_again() {
    let observed = with(vec![evicted(untouched())]);
    let decision = look(&observed, 9);
    assert_eq!((decision.next_attempt, decision.verdict, decision.phase), (Some(2), None, Phase::Pending));
    assert_eq!(decision.actions[0], Action::DeleteJob { name: job_name(1), foreground: false });
    let event = &decision.actions[1];
    let told = matches!(event, Action::PublishEvent { severity: Severity::Warning, reason: Reason::TryingAgain, message }
        if message.contains("low on memory") && message.contains("attempt 2"));
    assert!(told, "{event:?}");

    let status = fold_execution(&observed, &decision, at(9));
    let job = status.job.as_ref().expect("a Job to come");
    assert_eq!((job.name.as_str(), job.attempt, job.plan_hash.as_str()), (job_name(2).as_str(), 2, ""));
    assert_eq!((status.reason, status.started_at), (Some(Reason::TryingAgain), None));
    let (job, message) = (status.job, status.message);
    let again = fold_execution(&observed, &look(&observed, 10), at(10));
    assert_eq!((again.job, again.message), (job, message), "a crash writes the same again");
}

#[test]
fn every_loss_before_the_first_step_is_one() {
    let pods = [
        PodFacts { disrupted: Some("PreemptionByScheduler: preempted".into()), phase: "Failed".into(), ..untouched() },
        PodFacts { disrupted: Some("DeletionByTaintManager: gone".into()), phase: "Failed".into(), ..untouched() },
        PodFacts { reason: Some("OutOfcpu".into()), phase: "Failed".into(), containers: Vec::new(), ..untouched() },
        PodFacts { reason: Some("NodeShutdown".into()), phase: "Failed".into(), ..untouched() },
    ];
    for pod in pods {
        assert_eq!(look(&with(vec![pod.clone()]), 9).next_attempt, Some(2), "{pod:?}");
    }
    let deleted = PodFacts { deleted_at: Some(at(40)), ..untouched() };
    let seen = vec![Seen { trouble: Trouble::Leaving, since: at(9) }];
    assert_eq!(look(&Observed { seen, ..with(vec![deleted]) }, 54).next_attempt, Some(2));
    let silent = Observed { seen: vec![Seen { trouble: Trouble::Silence, since: at(9) }], ..with(Vec::new()) };
    let end = JobEnd { complete: false, reason: "BackoffLimitExceeded".into(), message: String::new() };
    let mut gone = Observed { touched: Some(false), ..silent };
    gone.job.as_mut().expect("a Job").end = Some(end);
    assert_eq!(look(&gone, 24).next_attempt, Some(2));
    gone.touched = None;
    assert_eq!(look(&gone, 24).reason, Reason::PodLost, "nobody saw the pod: steps may have begun");
}

#[test]
fn after_the_first_step_the_workflow_must_want_it() {
    let touched =
        PodFacts { containers: vec![container("group-0", Role::Group, ContainerState::Running)], ..untouched() };
    let told = Observed { run: Some(progress(None)), ..with(vec![evicted(untouched())]) };
    for observed in [with(vec![evicted(touched)]), told] {
        let decision = look(&observed, 9);
        assert_eq!((decision.verdict, decision.reason), (Some(Verdict::Errored), Reason::PodEvicted));
        let mut wanted = observed;
        wanted.job.as_mut().expect("a Job").retries = 1;
        assert_eq!(look(&wanted, 9).next_attempt, Some(2));
        wanted.execution.attempt = 2;
        assert_eq!(look(&wanted, 9).verdict, Some(Verdict::Errored), "no more than that");
    }
}

#[test]
fn it_is_not_tried_for_ever_nor_against_somebodys_will() {
    let mut observed = with(vec![evicted(untouched())]);
    observed.execution.attempt = 4;
    let decision = look(&observed, 9);
    assert_eq!((decision.verdict, decision.reason), (Some(Verdict::Errored), Reason::PodEvicted));
    assert!(decision.message.contains("attempt 4"), "{}", decision.message);
    let mut cancelled = with(vec![evicted(untouched())]);
    cancelled.execution.cancel = true;
    assert_eq!(look(&cancelled, 9).next_attempt, None);
    let seen = vec![Seen { trouble: Trouble::Silence, since: at(2) }];
    let deleted = Observed { job: None, previous: made(), seen, ..with(Vec::new()) };
    let decision = look(&deleted, 30);
    assert_eq!((decision.verdict, decision.reason), (Some(Verdict::Errored), Reason::PodLost));
    assert!(decision.message.contains("Job was deleted"), "{}", decision.message);
}

fn made() -> assay_api::TestExecutionStatus {
    fold_execution(&with(vec![untouched()]), &look(&with(vec![untouched()]), 1), at(1))
}

#[test]
fn an_announced_attempt_waits_for_what_is_left_of_the_one_before() {
    let mut observed = announced(2);
    observed.older = Older { jobs: vec![job_name(1)], busy: true };
    let decision = look(&observed, 10);
    assert_eq!((decision.reason, decision.wake), (Reason::TryingAgain, Wake::At(at(70))));
    assert_eq!(decision.actions, [Action::DeleteJob { name: job_name(1), foreground: false }]);
    assert!(decision.message.contains("low on memory"), "it is still said why");
    observed.seen = observed.remember(&decision.troubles, at(10));
    observed.older.busy = false;
    assert_eq!(look(&observed, 10).wake, Wake::At(at(11)), "not at once");
    assert_eq!(look(&observed, 11).actions, [Action::ApplyObjects]);
    observed.older.busy = true;
    assert_eq!(look(&observed, 70).actions, [Action::ApplyObjects], "a node that is away does not hold it for ever");
    observed.execution.cancel = true;
    assert_eq!(look(&observed, 11).verdict, Some(Verdict::Cancelled));
}

#[test]
fn an_attempt_whose_job_was_made_is_not_made_again() {
    let mut observed = announced(3);
    observed.seen = vec![Seen { trouble: Trouble::Again, since: at(0) }];
    assert_eq!(look(&observed, 20).actions, [Action::ApplyObjects]);
    let spoke = Observed { run: Some(progress(None)), ..observed.clone() };
    assert_eq!(look(&spoke, 20).actions, [], "its runner spoke, so there was one");
    observed.job = Some(job());
    let decision = look(&observed, 20);
    assert_eq!(decision.actions, []);
    let status = fold_execution(&observed, &decision, at(20));
    assert_eq!(status.job.as_ref().map(|job| (job.attempt, job.plan_hash.as_str())), Some((3, "h")));
    let gone = Observed { previous: status, job: None, ..observed };
    assert_eq!(look(&gone, 21).actions, []);
}

#[test]
fn what_an_older_attempt_says_does_not_count() {
    let mut observed = with(vec![sealed(Verdict::Failed, Reason::TestsFailed, 1)]);
    observed.execution.attempt = 2;
    assert_eq!(look(&observed, 9).reason, Reason::ProgressingWithRetry, "a seal of attempt 1 is none of attempt 2");
    observed.pods = vec![sealed(Verdict::Failed, Reason::TestsFailed, 2)];
    assert_eq!(look(&observed, 9).verdict, Some(Verdict::Failed));
}

#[test]
fn a_runner_that_was_stopped_before_it_began_is_tried_again() {
    let mut stopped = progress(Some(outcome(Verdict::Cancelled, Reason::Cancelled)));
    stopped.started_at = None;
    stopped.steps.iter_mut().for_each(|step| step.attempts = 0);
    let observed = Observed { run: Some(stopped), ..with(vec![untouched()]) };
    let waited = Observed { seen: vec![Seen { trouble: Trouble::Stopped, since: at(7) }], ..observed };
    assert_eq!(look(&waited, 9).next_attempt, Some(2));
    let begun = Observed { pods: vec![pod("Running")], ..waited };
    assert_eq!(look(&begun, 9).reason, Reason::PodLost);
}
