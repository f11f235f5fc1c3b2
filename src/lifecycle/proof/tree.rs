//! Steps as the status lists them.

use assay_api::{StepState, TestExecutionStatus, Verdict};
use assay_protocol::{Progress, StepProgress};
use proptest::prelude::{any, proptest};

use super::build::{at, block, outcome, pod, progress, sealed, with};
use crate::{Observed, PodFacts, Policy, decide, fold_execution};

fn status(observed: &Observed) -> TestExecutionStatus {
    fold_execution(observed, &decide(observed, &Policy::default(), at(9)), at(9))
}

fn lines(status: &TestExecutionStatus) -> Vec<String> {
    let line = |step: &assay_api::StepStatus| {
        format!("{}{} {}", "-".repeat(step.depth.unsigned_abs() as usize), step.id, step.state)
    };
    status.steps.iter().map(line).collect()
}

/// a, [b: c, [d: e], f], g
fn nested() -> Progress {
    let mut run = progress(None);
    let step = |id: &str, inside| StepProgress {
        id: id.into(),
        block: inside,
        state: StepState::Waiting,
        attempts: 0,
        ..run.steps[0].clone()
    };
    let steps = vec![step("a", None), step("c", Some(0)), step("e", Some(1)), step("f", Some(0)), step("g", None)];
    run.blocks = vec![block("b", None, 1, StepState::Running), block("d", Some(0), 2, StepState::Waiting)];
    Progress { steps, ..run }
}

#[test]
fn blocks_stand_before_what_they_hold() {
    let observed = Observed { run: Some(nested()), ..with(vec![pod("Running")]) };
    let expected = ["a waiting", "b running", "-c waiting", "-d waiting", "--e waiting", "-f waiting", "g waiting"];
    assert_eq!(lines(&status(&observed)), expected);
}

#[test]
fn the_end_settles_blocks_too() {
    let mut run = nested();
    run.steps[0].state = StepState::Passed;
    run.steps[1].state = StepState::Paused;
    run.outcome = Some(outcome(Verdict::Errored, assay_api::Reason::PauseTimedOut));
    let observed = Observed { run: Some(run), ..with(vec![pod("Running")]) };
    let expected = ["a passed", "b errored", "-c skipped", "-d skipped", "--e skipped", "-f skipped", "g skipped"];
    assert_eq!(lines(&status(&observed)), expected);
}

#[test]
fn a_seal_speaks_of_steps_and_not_of_blocks() {
    let before = status(&Observed { run: Some(nested()), ..with(vec![pod("Running")]) });
    let mut run = nested();
    let states = [StepState::Passed, StepState::Passed, StepState::Failed, StepState::Skipped, StepState::Skipped];
    run.steps.iter_mut().zip(states).for_each(|(step, state)| step.state = state);
    run.outcome = Some(outcome(Verdict::Failed, assay_api::Reason::TestsFailed));
    let seal = assay_protocol::Seal::of(&run, 1, "h").expect("an outcome").to_message();
    let mut pod: PodFacts = sealed(Verdict::Failed, assay_api::Reason::TestsFailed, 1);
    for container in &mut pod.containers {
        if let crate::ContainerState::Terminated { message, .. } = &mut container.state {
            message.clone_from(&seal);
        }
    }
    let observed = Observed { previous: before, ..with(vec![pod]) };
    let expected = ["a passed", "b failed", "-c passed", "-d failed", "--e failed", "-f skipped", "g skipped"];
    assert_eq!(lines(&status(&observed)), expected);
}

proptest! {
    /// A runner lives beside the user's code: what it says may be anything.
    #[test]
    fn whatever_a_runner_says_of_its_tree_it_is_listed(
        blocks in proptest::collection::vec((proptest::option::of(any::<u16>()), any::<u16>()), 0..80),
        steps in proptest::collection::vec(proptest::option::of(0u16..90), 0..80),
    ) {
        let mut run = nested();
        let (step, number) = (run.steps[0].clone(), steps.len());
        run.blocks = blocks.iter().map(|(parent, first)| block("b", parent.map(|p| p % 90), first % 90, StepState::Waiting)).collect();
        run.steps = steps.iter().map(|inside| StepProgress { block: *inside, ..step.clone() }).collect();
        let listed = status(&Observed { run: Some(run), ..with(vec![pod("Running")]) }).steps;
        assert!(listed.len() <= 50 && listed.len() >= number.min(50).min(listed.len()));
        assert!(listed.iter().all(|step| (0..=80).contains(&step.depth)));
    }
}
