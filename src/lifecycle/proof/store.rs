//! What the store is told, and what happens while it does not listen.

use assay_api::{Reason, Verdict};
use assay_protocol::ingest::Commands;
use assay_protocol::rest::Conclusion;

use super::build::{at, fresh, outcome, pod, progress, sealed, untouched, with};
use crate::{Action, Decision, JobEnd, Observed, Policy, Recorded, Seen, Trouble, Wake, decide, fold_execution};

fn look(observed: &Observed, second: i64) -> Decision {
    decide(observed, &Policy::default(), at(second))
}

fn away(observed: Observed) -> Observed {
    let seen = vec![Seen { trouble: Trouble::Store, since: at(0) }];
    Observed { recorded: Recorded::Away, store: Some("no space left".into()), seen, ..observed }
}

#[test]
fn commands_are_given_once_each_time_they_change() {
    let mut observed = Observed { run: Some(progress(None)), ..with(vec![pod("Running")]) };
    assert_eq!(look(&observed, 5).actions, [], "nobody asked for anything");
    observed.execution.pause = true;
    observed.execution.generation = 2;
    let commands = Commands { version: 2, pause: true, resume: Vec::new() };
    assert_eq!(look(&observed, 5).actions, [Action::SetCommands(commands.clone())]);
    observed.commanded = Some(commands);
    assert_eq!(look(&observed, 5).actions, []);
    observed.execution.resume = vec!["*".into()];
    observed.execution.pause = false;
    observed.execution.generation = 3;
    let commands = Commands { version: 3, pause: false, resume: vec!["*".into()] };
    assert_eq!(look(&observed, 5).actions, [Action::SetCommands(commands)]);
    let early = Observed { execution: observed.execution.clone(), ..fresh() };
    assert_eq!(look(&early, 1).actions, [Action::ApplyObjects], "the store does not know it yet");
    let later = Observed { recorded: Recorded::Unknown, ..observed };
    assert_eq!(look(&later, 5).actions, [Action::Begin], "and hears of the attempt first");
}

#[test]
fn a_run_goes_on_without_the_store_and_says_so() {
    let observed = away(Observed { run: None, ..with(vec![pod("Running")]) });
    let decision = look(&observed, 10);
    assert_eq!((decision.verdict, decision.reason), (None, Reason::StoreUnavailable));
    assert!(decision.message.contains("no space left") && decision.message.contains("goes on"), "{}", decision.message);
    assert_eq!(decision.wake, Wake::At(at(20)), "the pod is looked into");
    let moment = Observed { seen: Vec::new(), ..observed.clone() };
    let decision = look(&moment, 10);
    assert_eq!((decision.reason, decision.wake), (Reason::Starting, Wake::At(at(13))), "a moment is not worth a word");
    let first = away(fresh());
    assert_eq!(look(&first, 10).actions, [Action::ApplyObjects]);
    let status = fold_execution(&first, &look(&first, 10), at(10));
    let again = look(&Observed { previous: status, ..first }, 11);
    assert_eq!(again.message.matches("no space left").count(), 1, "{}", again.message);
}

#[test]
fn the_seal_judges_when_the_store_cannot() {
    let observed = away(with(vec![sealed(Verdict::Failed, Reason::TestsFailed, 1)]));
    assert_eq!(look(&observed, 10).verdict, Some(Verdict::Failed));
}

#[test]
fn what_the_runner_told_a_store_that_is_away_is_waited_for() {
    let mut observed = away(with(Vec::new()));
    let end = JobEnd { complete: true, reason: String::new(), message: String::new() };
    observed.job.as_mut().expect("a Job").end = Some(end);
    observed.touched = Some(true);
    observed.seen.push(Seen { trouble: Trouble::Silence, since: at(10) });
    assert_eq!(look(&observed, 609).verdict, None);
    assert_eq!(look(&observed, 610).reason, Reason::RunnerLost);
    let run = Some(progress(Some(outcome(Verdict::Passed, Reason::Passed))));
    let back = Observed { run, recorded: Recorded::Open, store: None, ..observed };
    assert_eq!(look(&back, 609).verdict, Some(Verdict::Passed));
}

#[test]
fn a_judgement_that_the_store_has_stands() {
    let conclusion = Conclusion {
        verdict: Verdict::Errored,
        reason: Reason::PodLost,
        message: "as it was told".into(),
        finished_at: at(5),
    };
    let run = Some(progress(Some(outcome(Verdict::Passed, Reason::Passed))));
    let judged = Some(conclusion);
    let observed = Observed { run, judged, recorded: Recorded::Concluded, ..with(vec![untouched()]) };
    let decision = look(&observed, 9);
    assert_eq!((decision.verdict, decision.message.as_str()), (Some(Verdict::Errored), "as it was told"));
}

#[test]
fn what_the_store_missed_of_the_end_is_told_when_it_is_back() {
    let run = Some(progress(Some(outcome(Verdict::Passed, Reason::Passed))));
    let observed = Observed { run, ..with(vec![pod("Running")]) };
    let previous = fold_execution(&observed, &look(&observed, 10), at(10));
    let told = |recorded| {
        let decision = look(&Observed { previous: previous.clone(), recorded, ..observed.clone() }, 20);
        decision.actions.iter().any(|action| matches!(action, Action::Conclude(_)))
    };
    assert!(told(Recorded::Open) && told(Recorded::Unknown));
    assert!(!told(Recorded::Concluded) && !told(Recorded::Away));
}
