//! Delays, pauses and what somebody asks for.

use super::*;

fn commands(version: u64, pause: bool, resume: &[&str]) -> Event {
    Event::Commands(Commands { version, pause, resume: resume.iter().map(|name| (*name).to_owned()).collect() })
}

fn paused_step(index: u16) -> Instruction {
    Instruction { paused: true, ..instruction(index, Section::Steps, 0) }
}

#[test]
fn a_delay_comes_after_the_condition_and_before_the_step() {
    let mut second = instruction(1, Section::Steps, 0);
    second.delay_ms = 500;
    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), second.clone()]));
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 100), []);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(600)));
    assert_eq!(acts(&mut machine, Event::Tick, 599), []);
    assert_eq!(acts(&mut machine, Event::Tick, 600), [go(0, 1, 1)]);

    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), second]));
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 100), [Deed::Finished], "nobody waits for what is skipped");
}

#[test]
fn a_run_begins_with_the_delay_of_its_first_step() {
    let mut first = instruction(0, Section::Steps, 0);
    first.delay_ms = 120_000;
    let mut machine = begun(&plan(vec![first]));
    assert_eq!(machine.clock().begun_at(), Some(now(0).wall));
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(60)), "the deadline comes first");
    assert_eq!(acts(&mut machine, Event::Tick, 60_000), [Deed::Finished]);
    let expected = "errored/ExecutionTimedOut: the execution's deadline passed while step \"s0\" waited";
    assert_eq!(verdict(&machine), expected);
}

#[test]
fn a_paused_step_waits_for_its_name_and_time_stands_still() {
    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), paused_step(1)]));
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1000), []);
    assert_eq!(states(&machine), "pp");
    assert_eq!(of_step(&machine, 1).state, StepState::Paused);
    assert!(machine.holds().current().is_some());
    assert_eq!(acts(&mut machine, commands(1, false, &["other"]), 2000), []);
    assert_eq!(acts(&mut machine, Event::Tick, 59_000), []);
    assert_eq!(acts(&mut machine, commands(2, false, &["other", "s1"]), 31_000), [go(0, 1, 1)]);
    assert_eq!(machine.clock().paused(), Duration::from_secs(30));
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(90)), "the pause is not part of the execution's time");
    assert_eq!(acts(&mut machine, exit(1, 1, 0), 32_000), [Deed::Finished]);
}

#[test]
fn a_star_resumes_everything_also_before_it_is_reached() {
    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), paused_step(1)]));
    acts(&mut machine, commands(1, false, &["*"]), 5);
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 10), [go(0, 1, 1)]);
}

#[test]
fn an_execution_is_paused_before_its_next_step() {
    let steps = vec![instruction(0, Section::Steps, 0), instruction(1, Section::Steps, 0)];
    let mut machine = begun(&plan(steps));
    assert_eq!(acts(&mut machine, commands(3, true, &[]), 5), [], "what runs goes on");
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 10), []);
    assert_eq!(acts(&mut machine, commands(2, false, &[]), 11), [], "an older answer is passed over");
    assert_eq!(acts(&mut machine, commands(4, false, &[]), 12), [go(0, 1, 1)]);
}

#[test]
fn no_attempt_begins_during_a_pause() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = tries(2, 0);
    let mut machine = begun(&plan(vec![step]));
    acts(&mut machine, commands(1, true, &[]), 5);
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 10), []);
    assert_eq!(acts(&mut machine, commands(2, false, &[]), 20), [Deed::Forget { step: 0 }, go(0, 0, 2)]);
}

#[test]
fn a_block_is_held_as_a_whole_and_keeps_its_timeout() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0)]);
    plan.blocks[0].paused = true;
    plan.blocks[0].timeout_ms = Some(500);
    plan.steps[1].paused = true;
    let mut machine = begun(&plan);
    assert_eq!(of_block(&machine, 0).state, StepState::Paused);
    assert_eq!(acts(&mut machine, commands(1, false, &["b0"]), 1000), [go(0, 0, 1)]);
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1100), []);
    assert_eq!(acts(&mut machine, commands(2, false, &["b0", "s1"]), 9100), [go(0, 1, 1)]);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(9500)), "of its 500 ms only 100 are used");
}

#[test]
fn nobody_comes() {
    let steps = vec![paused_step(0), instruction(1, Section::Steps, 0), instruction(2, Section::After, 0)];
    let mut machine = begun(&plan(steps));
    acts(&mut machine, commands(1, true, &[]), 1);
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(60)));
    assert_eq!(acts(&mut machine, Event::Tick, 60_000), [go(0, 2, 1)], "cleaning up waits for nobody");
    assert_eq!(acts(&mut machine, exit(2, 1, 0), 60_100), [Deed::Finished]);
    assert_eq!(states(&machine), "esp");
    let expected = "errored/PauseTimedOut: step \"s0\" errored: was held for 1 m, and nobody resumed it";
    assert_eq!(verdict(&machine), expected);
}

#[test]
fn a_pause_can_be_cancelled() {
    let steps = vec![paused_step(0), instruction(1, Section::Steps, 0), instruction(2, Section::After, 0)];
    let mut machine = begun(&plan(steps));
    assert_eq!(acts(&mut machine, Event::Terminate, 100), [go(0, 2, 1)]);
    acts(&mut machine, exit(2, 1, 0), 200);
    assert_eq!(states(&machine), "csp");
    assert_eq!(verdict(&machine), "cancelled/Cancelled: cancelled while step \"s0\" waited");

    let mut after = instruction(1, Section::After, 0);
    after.paused = true;
    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), after]));
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 5), []);
    assert_eq!(acts(&mut machine, Event::Terminate, 100), [go(0, 1, 1)], "what cleans up is not held any longer");
}

#[test]
fn the_deadline_passes_during_a_delay_of_a_block() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0)]);
    plan.blocks[0].timeout_ms = Some(100);
    plan.steps[1].delay_ms = 1000;
    let mut machine = begun(&plan);
    acts(&mut machine, exit(0, 1, 0), 50);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(100)));
    assert_eq!(acts(&mut machine, Event::Tick, 100), [Deed::Finished]);
    assert_eq!((states(&machine).as_str(), of_block(&machine, 0).state), ("ps", StepState::TimedOut));
}
