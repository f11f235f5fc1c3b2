//! Each deadline has its reason, and a message that names its limit and what was waited for.

use std::time::Duration;

use assay_api::{Phase, Reason, StepState, Verdict};
use assay_protocol::{Paused, Progress};

use super::build::{at, pod, progress, untouched, with};
use crate::{Deadlines, Decision, Observed, PodFacts, Policy, Wake, decide, fold_execution};

fn look(observed: &Observed, second: i64) -> Decision {
    decide(observed, &Policy::default(), at(second))
}

fn limited(observed: Observed) -> Observed {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let deadlines = Deadlines {
        queue: seconds(30),
        image_pull: seconds(60),
        start: seconds(300),
        execution: seconds(1000),
        pause: seconds(100),
    };
    let mut observed = observed;
    observed.job.as_mut().expect("a Job").deadlines = deadlines;
    observed
}

#[track_caller]
fn ends(observed: &Observed, second: i64, reason: Reason, words: &[&str]) {
    let before = look(observed, second - 1);
    assert_eq!(before.verdict, None, "{}", before.message);
    let decision = look(observed, second);
    assert_eq!((decision.verdict, decision.reason), (Some(Verdict::Errored), reason), "{}", decision.message);
    for word in words {
        assert!(decision.message.contains(word), "{} has no {word}", decision.message);
    }
}

#[test]
fn a_node_must_take_the_pod_in_time() {
    let words = "0/3 nodes are available: 3 Insufficient memory.";
    let pending = PodFacts { unschedulable: Some(words.into()), containers: Vec::new(), ..pod("Pending") };
    ends(&limited(with(vec![pending])), 30, Reason::QueueTimedOut, &["30s", words]);
    let silent = PodFacts { containers: Vec::new(), ..pod("Pending") };
    ends(&limited(with(vec![silent])), 30, Reason::QueueTimedOut, &["30s"]);
    let mut none = limited(with(Vec::new()));
    none.job.as_mut().expect("a Job").words = Some("exceeded quota: pods".into());
    ends(&none, 30, Reason::Refused, &["30s", "exceeded quota"]);
    let taken = PodFacts { scheduled_at: Some(at(29)), ..untouched() };
    assert_eq!(look(&limited(with(vec![taken])), 30).verdict, None);
}

#[test]
fn images_must_come_in_time() {
    let taken = PodFacts { scheduled_at: Some(at(20)), ..untouched() };
    ends(&limited(with(vec![taken.clone()])), 80, Reason::ImagePullTimedOut, &["1m", "`r/group-0:1`"]);
    let mounts = PodFacts { words: Some("MountVolume.SetUp failed for volume \"x\"".into()), ..taken };
    ends(&limited(with(vec![mounts])), 300, Reason::StartTimedOut, &["5m", "MountVolume"]);
    let here = PodFacts { scheduled_at: Some(at(20)), ..pod("Running") };
    ends(&limited(with(vec![here])), 300, Reason::StartTimedOut, &["5m"]);
}

fn paused(since: i64, begun: bool) -> Progress {
    let mut run = progress(None);
    run.paused = Some(Paused { step: "deploy".into(), since: at(since) });
    run.started_at = run.started_at.filter(|_| begun);
    run
}

#[test]
fn a_pause_stops_all_other_clocks_and_has_its_own() {
    for begun in [true, false] {
        let observed = limited(Observed { run: Some(paused(2000, begun)), ..with(vec![pod("Running")]) });
        let decision = look(&observed, 2001);
        assert_eq!((decision.phase, decision.reason), (Phase::Paused, Reason::Paused));
        assert!(decision.message.contains("`deploy`"), "{}", decision.message);
        assert_eq!(decision.wake, Wake::At(at(2000 + 100 + 120)));
        ends(&observed, 2220, Reason::PauseTimedOut, &["1m40s", "deploy"]);
    }
}

#[test]
fn paused_time_does_not_count() {
    let mut run = progress(None);
    run.paused_ms = 500_000;
    let observed = limited(Observed { run: Some(run), ..with(vec![pod("Running")]) });
    ends(&observed, 1 + 1000 + 500 + 120, Reason::ExecutionTimedOut, &["16m40s"]);
}

#[test]
fn a_paused_execution_is_in_progress_and_its_step_says_so() {
    let mut run = paused(5, true);
    run.steps[1].state = StepState::Paused;
    let observed = Observed { run: Some(run), ..with(vec![pod("Running")]) };
    let status = fold_execution(&observed, &look(&observed, 6), at(6));
    let kinds: Vec<_> = status.conditions.iter().map(|c| (c.type_.as_str(), c.reason.as_str())).collect();
    assert_eq!(kinds, [("Ready", "Paused"), ("Reconciling", "Paused")]);
    assert_eq!((status.phase, status.steps[1].state), (Phase::Paused, StepState::Paused));
    let mut asked = Observed { run: Some(progress(None)), ..with(vec![pod("Running")]) };
    asked.execution.pause = true;
    assert!(look(&asked, 6).message.contains("before the next"));
}
