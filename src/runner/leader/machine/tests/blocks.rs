//! Blocks: lists that are judged, tried again and ended as one.

use super::*;

/// Two blocks in each other: b0 { s0, b1 { s1, s2 }, s3 }, then s4.
fn two_blocks() -> PlanDocument {
    let steps = vec![inside(0, 0), inside(1, 1), inside(2, 1), inside(3, 0), instruction(4, Section::Steps, 0)];
    nested(vec![block(0, None), block(1, Some(0))], steps)
}

#[test]
fn blocks_are_walked_in_order() {
    let mut machine = begun(&two_blocks());
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1), [go(0, 1, 1)]);
    assert_eq!(of_block(&machine, 1).state, StepState::Running);
    assert_eq!(acts(&mut machine, exit(1, 1, 0), 2), [go(0, 2, 1)]);
    assert_eq!(acts(&mut machine, exit(2, 1, 0), 3), [go(0, 3, 1)]);
    assert_eq!(of_block(&machine, 1).state, StepState::Passed);
    assert_eq!(acts(&mut machine, exit(3, 1, 0), 4), [go(0, 4, 1)]);
    assert_eq!(acts(&mut machine, exit(4, 1, 0), 5), [Deed::Finished]);
    assert_eq!((states(&machine).as_str(), verdict(&machine).as_str()), ("ppppp", "passed/Passed: 5 steps passed"));
}

#[test]
fn the_first_step_is_not_taken_as_given_inside_a_block() {
    let mut machine = Machine::new(&nested(vec![block(0, None)], vec![inside(0, 0)]));
    assert_eq!(acts(&mut machine, Event::Begin, 0), [go(0, 0, 1)]);
}

#[test]
fn a_failure_is_seen_in_its_own_list_and_named_with_its_path() {
    let mut machine = begun(&two_blocks());
    acts(&mut machine, exit(0, 1, 0), 1);
    assert_eq!(acts(&mut machine, exit(1, 1, 3), 2), [Deed::Finished], "s2, s3 and s4 are skipped");
    assert_eq!(states(&machine), "pfsss");
    assert_eq!((of_block(&machine, 1).state, of_block(&machine, 0).state), (StepState::Failed, StepState::Failed));
    let message = of_block(&machine, 0).message.as_deref();
    assert_eq!(message, Some("step \"b0 › b1 › s1\" failed: exit code 3"));
    assert_eq!(verdict(&machine), "failed/TestsFailed: step \"b0 › b1 › s1\" failed: exit code 3");
}

#[test]
fn conditions_look_at_their_own_list_only() {
    let mut plan = two_blocks();
    plan.steps[2].condition = Condition::Failed;
    plan.steps[3].condition = Condition::Failed;
    plan.blocks[1].optional = true;
    let mut machine = begun(&plan);
    acts(&mut machine, exit(0, 1, 0), 1);
    assert_eq!(acts(&mut machine, exit(1, 1, 1), 2), [go(0, 2, 1)], "s1 failed beside s2");
    assert_eq!(acts(&mut machine, exit(2, 1, 0), 3), [go(0, 4, 1)], "b1 does not count, so s3 is skipped");
    acts(&mut machine, exit(4, 1, 0), 4);
    assert_eq!((states(&machine).as_str(), of_block(&machine, 1).state), ("pfpsp", StepState::Failed));
    assert_eq!(verdict(&machine), "passed/Passed: 3 steps passed", "an optional block hides its children");
}

#[test]
fn the_worst_child_makes_the_block() {
    let table = [
        ("ppp", "passed"),
        ("pfp", "failed"),
        ("fep", "errored"),
        ("tfp", "failed"),
        ("ptp", "timedOut"),
        ("pep", "errored"),
    ];
    for (children, expected) in table {
        for negative in [false, true] {
            let mut steps: Vec<Instruction> = (0..3).map(|index| inside(index, 0)).collect();
            steps.iter_mut().for_each(|step| step.condition = Condition::Always);
            let mut plan = nested(vec![block(0, None)], steps);
            plan.blocks[0].negative = negative;
            let mut machine = begun(&plan);
            for (step, letter) in (0..3).zip(children.chars()) {
                let event = match letter {
                    'p' => exit(step, 1, 0),
                    'f' => exit(step, 1, 1),
                    't' => done(step, 1, Ending::TimedOut, 0),
                    _ => done(step, 1, Ending::NotStarted, 0),
                };
                acts(&mut machine, event, 1);
            }
            let turned = match expected {
                "passed" if negative => "failed",
                "failed" | "timedOut" if negative => "passed",
                other => other,
            };
            assert_eq!(of_block(&machine, 0).state.as_str(), turned, "{children} {negative}");
        }
    }
}

#[test]
fn a_skipped_block_is_skipped_whole() {
    let mut plan = two_blocks();
    plan.blocks[0].condition = Condition::Failed;
    let mut machine = begun(&plan);
    assert_eq!(acts(&mut machine, exit(4, 1, 0), 1), [Deed::Finished]);
    assert_eq!((states(&machine).as_str(), of_block(&machine, 1).state), ("ssssp", StepState::Skipped));
    assert_eq!(of_step(&machine, 1).message.as_deref(), Some("its block \"b0\" was skipped"));

    let mut plan = two_blocks();
    plan.steps[..4].iter_mut().for_each(|step| step.condition = Condition::Never);
    let mut machine = begun(&plan);
    acts(&mut machine, exit(4, 1, 0), 1);
    assert_eq!(of_block(&machine, 0).state, StepState::Skipped, "nothing in it ran");
}

#[test]
fn a_block_is_tried_again_as_a_whole() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0)]);
    plan.blocks[0].retry = tries(3, 1000);
    plan.steps[1].retry = tries(2, 0);
    let mut machine = begun(&plan);
    acts(&mut machine, exit(0, 1, 0), 1);
    assert_eq!(acts(&mut machine, exit(1, 1, 1), 2), [Deed::Forget { step: 1 }, go(0, 1, 2)]);
    assert_eq!(acts(&mut machine, exit(1, 2, 1), 3), []);
    assert_eq!((states(&machine).as_str(), of_block(&machine, 0).state), ("pf", StepState::Running));
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(1003)));
    let again = [Deed::Forget { step: 0 }, Deed::Forget { step: 1 }, go(0, 0, 2)];
    assert_eq!(acts(&mut machine, Event::Tick, 1003), again, "attempts count on");
    assert_eq!(of_step(&machine, 1).state, StepState::Waiting);
    assert_eq!(acts(&mut machine, exit(0, 2, 0), 1004), [go(0, 1, 3)]);
    assert_eq!(acts(&mut machine, exit(1, 3, 0), 1005), [Deed::Finished]);
    let attempts = (of_step(&machine, 0).attempts, of_step(&machine, 1).attempts, of_block(&machine, 0).attempts);
    assert_eq!(attempts, (2, 3, 2));
    assert_eq!(verdict(&machine), "flaky/PassedAfterRetry: block \"b0\" passed at attempt 2");
}

#[test]
fn a_missing_program_ends_the_attempts_of_its_block() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0)]);
    plan.blocks[0].retry = tries(3, 0);
    let mut machine = begun(&plan);
    assert_eq!(acts(&mut machine, done(0, 1, Ending::NotStarted, 0), 1), [Deed::Finished]);
    assert!(
        verdict(&machine).starts_with("errored/CommandNotFound: step \"b0 › s0\" errored"),
        "{}",
        verdict(&machine)
    );
}

#[test]
fn the_timeout_of_a_block_ends_what_runs_and_skips_the_rest() {
    let mut plan = two_blocks();
    plan.blocks[0].timeout_ms = Some(500);
    plan.blocks[0].retry = tries(2, 0);
    let mut machine = begun(&plan);
    acts(&mut machine, exit(0, 1, 0), 100);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(500)));
    let stop = |attempt| Deed::Stop { group: 0, step: 1, attempt, why: Stop::BlockTimeout };
    assert_eq!(acts(&mut machine, Event::Tick, 500), [stop(1)]);
    let deeds = acts(&mut machine, done(1, 1, Ending::Stopped, 0), 600);
    assert_eq!(deeds.last(), Some(&go(0, 0, 2)), "the block is tried again, with all its time");
    acts(&mut machine, exit(0, 2, 0), 700);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(1100)));
    assert_eq!(acts(&mut machine, Event::Tick, 1100), [stop(2)]);
    assert_eq!(acts(&mut machine, done(1, 2, Ending::Stopped, 0), 1200), [Deed::Finished]);
    assert_eq!(states(&machine), "ptsss");
    assert_eq!(of_step(&machine, 2).message.as_deref(), Some("the timeout of block \"b0\" had passed"));
    assert!(!machine.clock().is_terminated() && !machine.clock().is_timed_out());
    let expected = "failed/StepTimedOut: block \"b0\" timed out: ran longer than its timeout of 500 ms";
    assert_eq!(verdict(&machine), expected);
}

#[test]
fn an_optional_child_does_not_hide_the_timeout_of_its_block() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0)]);
    plan.steps[0].optional = true;
    plan.blocks[0].timeout_ms = Some(500);
    let mut machine = begun(&plan);
    acts(&mut machine, Event::Tick, 500);
    acts(&mut machine, done(0, 1, Ending::Stopped, 0), 600);
    assert_eq!(of_block(&machine, 0).state, StepState::TimedOut);
}

#[test]
fn the_deadline_and_cancellation_reach_into_blocks() {
    for (event, at, why) in [(Event::Terminate, 10, Stop::Cancelled), (Event::Tick, 60_000, Stop::Deadline)] {
        let mut plan = two_blocks();
        plan.blocks[0].retry = tries(5, 0);
        plan.steps[4].section = Section::After;
        plan.steps[4].condition = Condition::Always;
        let mut machine = begun(&plan);
        let stop = Deed::Stop { group: 0, step: 0, attempt: 1, why };
        assert_eq!(acts(&mut machine, event, at), [stop]);
        assert_eq!(acts(&mut machine, done(0, 1, Ending::Stopped, 0), at + 5), [go(0, 4, 1)]);
        assert_eq!(acts(&mut machine, exit(4, 1, 0), at + 6), [Deed::Finished]);
        assert_eq!((states(&machine).as_str(), of_block(&machine, 0).state), ("csssp", StepState::Cancelled));
    }
}

#[test]
fn content_that_cannot_be_fetched_says_nothing_of_the_tests() {
    for section in [Section::Setup, Section::Steps] {
        let mut plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0)]);
        plan.blocks[0].section = section;
        plan.steps.iter_mut().for_each(|step| step.section = section);
        plan.steps[0].fetches = true;
        plan.steps[0].retry = tries(2, 0);
        let mut machine = begun(&plan);
        acts(&mut machine, exit(0, 1, 1), 1);
        assert_eq!(acts(&mut machine, exit(0, 2, 1), 2), [Deed::Finished]);
        let expected = "errored/ContentFailed: step \"b0 › s0\" errored: the content could not be fetched: exit code 1; its log says why";
        assert_eq!(verdict(&machine), expected);
    }
}

#[test]
fn files_are_kept_when_no_other_attempt_can_follow() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0)]);
    plan.blocks[0].retry = tries(2, 0);
    let mut machine = begun(&plan);
    let with_note = |attempt, note: &str| {
        let Event::Done(mut ended) = exit(0, attempt, 0) else { unreachable!("it is") };
        ended.notes.push(note.to_owned());
        ended
    };
    assert_eq!(acts(&mut machine, Event::Done(with_note(1, "old")), 1), [go(0, 1, 1)]);
    acts(&mut machine, exit(1, 1, 1), 2);
    let new = with_note(2, "new");
    acts(&mut machine, Event::Done(new.clone()), 3);
    assert_eq!(acts(&mut machine, exit(1, 2, 0), 4), [Deed::Keep { done: new }, Deed::Finished]);
}

#[test]
fn a_dead_container_ends_its_steps_at_once() {
    let mut machine = begun(&two_blocks());
    assert_eq!(acts(&mut machine, Event::Lost { group: 0 }, 5), [Deed::Finished], "nothing is left that could run");
    assert_eq!(states(&machine), "essss");

    let mut plan = two_blocks();
    plan.steps[4].condition = Condition::Always;
    let mut machine = begun(&plan);
    assert_eq!(acts(&mut machine, Event::Lost { group: 0 }, 5), [Deed::Finished], "s4 would wait for nobody");
    assert_eq!(states(&machine), "essse");
}
