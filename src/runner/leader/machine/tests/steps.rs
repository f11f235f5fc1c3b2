//! Steps one after another.

use assay_protocol::control::Collected;

use super::*;

#[test]
fn steps_follow_each_other_and_the_first_is_taken_as_given() {
    let mut machine = Machine::new(&plan(vec![
        instruction(0, Section::Setup, 0),
        instruction(1, Section::Steps, 1),
        instruction(2, Section::After, 0),
    ]));
    assert_eq!(acts(&mut machine, Event::Begin, 0), []);
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 5), [go(1, 1, 1)]);
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 6), [], "a second done changes nothing");
    assert_eq!(acts(&mut machine, exit(1, 1, 0), 9), [go(0, 2, 1)]);
    assert_eq!(acts(&mut machine, exit(2, 1, 0), 12), [Deed::Finished]);
    assert_eq!(states(&machine), "ppp");
}

#[test]
fn conditions_see_what_happened_before() {
    let mut failed = instruction(2, Section::Steps, 0);
    failed.condition = Condition::Failed;
    let mut always = instruction(3, Section::Steps, 0);
    always.condition = Condition::Always;
    let steps = vec![
        instruction(0, Section::Steps, 0),
        instruction(1, Section::Steps, 0),
        failed,
        always,
        instruction(4, Section::After, 0),
    ];
    let mut machine = Machine::new(&plan(steps.clone()));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 1), [go(0, 2, 1)], "s1 is skipped");
    assert_eq!(acts(&mut machine, exit(2, 1, 0), 2), [go(0, 3, 1)]);
    assert_eq!(acts(&mut machine, exit(3, 1, 0), 3), [go(0, 4, 1)]);
    acts(&mut machine, exit(4, 1, 0), 4);
    assert_eq!(states(&machine), "fsppp");

    let mut optional = steps;
    optional[0].optional = true;
    let mut machine = Machine::new(&plan(optional));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 1), [go(0, 1, 1)], "an optional failure does not count");
    assert_eq!(acts(&mut machine, exit(1, 1, 0), 2), [go(0, 3, 1)], "nothing failed, so s2 is skipped");
}

#[test]
fn retries_wait_longer_each_time() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = tries(3, 2000);
    let mut machine = Machine::new(&plan(vec![step]));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 100), []);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(2100)));
    assert_eq!(acts(&mut machine, Event::Tick, 2100), [Deed::Forget { step: 0 }, go(0, 0, 2)]);
    acts(&mut machine, exit(0, 2, 1), 3000);
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(7)));
    assert_eq!(acts(&mut machine, Event::Tick, 7000), [Deed::Forget { step: 0 }, go(0, 0, 3)]);
    assert_eq!(acts(&mut machine, exit(0, 3, 0), 7100), [Deed::Finished]);
    assert_eq!((states(&machine).as_str(), of_step(&machine, 0).attempts), ("p", 3));
}

#[test]
fn a_missing_program_is_not_tried_again() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = tries(3, 0);
    let mut machine = Machine::new(&plan(vec![step]));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, done(0, 1, Ending::NotStarted, 0), 1), [Deed::Finished]);
    assert_eq!(states(&machine), "e");
}

#[test]
fn reports_can_say_no_to_a_command_that_says_yes() {
    for (negative, expected) in [(false, "f"), (true, "f")] {
        let mut step = instruction(0, Section::Steps, 0);
        step.negative = negative;
        let mut machine = Machine::new(&plan(vec![step]));
        acts(&mut machine, Event::Begin, 0);
        let Event::Done(mut ended) = exit(0, 1, 0) else { unreachable!("it is") };
        ended.files.push(Collected { name: "r.xml".into(), source: "/data/r.xml".into(), size: 1, masked: None });
        let deeds = acts(&mut machine, Event::Done(ended.clone()), 1);
        assert_eq!(deeds, [Deed::Judge { done: ended }]);
        let counts = Counts { tests: 40, passed: 37, failed: 3, ..Counts::default() };
        acts(&mut machine, Event::Judged { step: 0, attempt: 1, counts: Some(counts) }, 2);
        assert_eq!(states(&machine), expected);
    }
}

#[test]
fn the_deadline_ends_steps_but_not_what_comes_after() {
    let mut machine = Machine::new(&plan(vec![
        instruction(0, Section::Steps, 0),
        instruction(1, Section::Steps, 0),
        instruction(2, Section::After, 1),
        instruction(3, Section::After, 1),
    ]));
    up(&mut machine);
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(60)));
    let stop = Deed::Stop { group: 0, step: 0, attempt: 1, why: Stop::Deadline };
    assert_eq!(acts(&mut machine, Event::Tick, 60_000), [stop]);
    assert_eq!(acts(&mut machine, Event::Tick, 60_500), [], "it is told once");
    assert_eq!(acts(&mut machine, done(0, 1, Ending::Stopped, 0), 61_000), [go(1, 2, 1)]);
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(70)));
    let stop = Deed::Stop { group: 1, step: 2, attempt: 1, why: Stop::Deadline };
    assert_eq!(acts(&mut machine, Event::Tick, 70_000), [stop]);
    assert_eq!(acts(&mut machine, done(2, 1, Ending::Stopped, 0), 70_100), [Deed::Finished]);
    assert_eq!(states(&machine), "cscs");
    assert!(machine.clock().is_timed_out() && !machine.clock().is_terminated());
}

#[test]
fn cancellation_stops_and_still_cleans_up() {
    let mut machine = Machine::new(&plan(vec![instruction(0, Section::Steps, 0), instruction(1, Section::After, 0)]));
    up(&mut machine);
    acts(&mut machine, Event::Begin, 0);
    let stop = Deed::Stop { group: 0, step: 0, attempt: 1, why: Stop::Cancelled };
    assert_eq!(acts(&mut machine, Event::Terminate, 10), [stop]);
    assert_eq!(acts(&mut machine, done(0, 1, Ending::Stopped, 0), 20), [go(0, 1, 1)]);
    assert_eq!(acts(&mut machine, exit(1, 1, 0), 30), [Deed::Finished]);
    assert_eq!(states(&machine), "cp");
    assert!(machine.clock().is_terminated());
}

#[test]
fn the_step_container_may_hear_of_the_end_first() {
    let mut machine = Machine::new(&plan(vec![instruction(0, Section::Steps, 0), instruction(1, Section::After, 0)]));
    up(&mut machine);
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, done(0, 1, Ending::Stopped, 0), 20), [go(0, 1, 1)]);
    assert_eq!(acts(&mut machine, Event::Terminate, 21), [], "cleaning up goes on");
    let stop = Deed::Stop { group: 0, step: 1, attempt: 1, why: Stop::Deadline };
    assert_eq!(acts(&mut machine, Event::Terminate, 30), [stop], "a second signal is haste");
    assert!(machine.clock().is_terminated());
}

#[test]
fn a_dead_or_silent_container_does_not_hang_the_run() {
    let steps = vec![instruction(0, Section::Steps, 0), instruction(1, Section::After, 1)];
    let mut machine = Machine::new(&plan(steps.clone()));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, Event::Lost { group: 0 }, 5), [go(1, 1, 1)]);
    assert_eq!(states(&machine), "ew");

    let mut machine = Machine::new(&plan(steps.clone()));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, Event::Lost { group: 1 }, 5), []);
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 6), [Deed::Finished], "nobody is there to clean up");
    assert_eq!(states(&machine), "pe");

    let mut machine = Machine::new(&plan(steps.clone()));
    up(&mut machine);
    acts(&mut machine, Event::Begin, 0);
    acts(&mut machine, Event::Tick, 60_000);
    let wake = machine.wake_at().expect("it waits for an answer");
    let at = u64::try_from(wake.as_millis()).expect("small");
    assert_eq!(acts(&mut machine, Event::Tick, at), [Deed::Finished], "no time is left for `after`, too");
    assert_eq!(states(&machine), "es");

    let mut machine = Machine::new(&plan(steps));
    acts(&mut machine, Event::Begin, 0);
    let stop = Deed::Stop { group: 0, step: 0, attempt: 1, why: Stop::Deadline };
    assert_eq!(acts(&mut machine, Event::Tick, 60_000), [stop, go(1, 1, 1)], "nobody is there to answer");
}

#[test]
fn running_out_of_memory_says_nothing_of_the_tests() {
    let mut step = instruction(0, Section::Steps, 0);
    for (ending, negative, expected) in [
        (Ending::Killed, false, "errored/OutOfMemory: step \"s0\" errored: the memory of its container was used up"),
        (Ending::Exited, true, "errored/OutOfMemory: step \"s0\" errored: the memory of its container was used up"),
        (Ending::TimedOut, false, "failed/StepTimedOut: "),
    ] {
        step.negative = negative;
        let mut machine = begun(&plan(vec![step.clone()]));
        let Event::Done(mut ended) = done(0, 1, ending, 137) else { unreachable!("it is") };
        ended.out_of_memory = true;
        ended.signal = (ending == Ending::Killed).then_some(9);
        acts(&mut machine, Event::Done(ended), 1);
        assert!(verdict(&machine).starts_with(expected), "{}", verdict(&machine));
    }
}
