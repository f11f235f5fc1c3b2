//! How the machine orders steps, whatever the order of events.

use assay_protocol::control::Collected;
use assay_protocol::{Action, ExecutionIdentity, Group, PROTOCOL_VERSION, RetryRule};
use proptest::prelude::*;

use super::*;

fn now(millis: u64) -> Now {
    let wall = Timestamp::from_millisecond(1_700_000_000_000 + i64::try_from(millis).expect("small")).expect("a time");
    Now { since: Duration::from_millis(millis), wall }
}

fn instruction(index: u16, section: Section, group: u16) -> Instruction {
    Instruction {
        index,
        id: format!("s{index}"),
        name: format!("s{index}"),
        section,
        block: None,
        group,
        condition: if section == Section::After { Condition::Always } else { Condition::Passed },
        action: Some(Action {
            argv: vec!["x".into()],
            env: vec![],
            working_dir: "/data".into(),
            display: String::new(),
            dynamic: false,
            needs: vec![],
        }),
        artifacts: None,
        retry: RetryRule { attempts: 1, delay_ms: 0, until: None },
        timeout_ms: None,
        optional: false,
        negative: false,
        delay_ms: 0,
        paused: false,
        fetches: false,
        files: vec![],
    }
}

fn plan(steps: Vec<Instruction>) -> PlanDocument {
    let group = |number| Group {
        container: format!("group-{number}"),
        secrets: vec![],
        secret_prefixes: vec![],
        secret_files: vec![],
    };
    PlanDocument {
        version: PROTOCOL_VERSION,
        execution: ExecutionIdentity {
            namespace: "n".into(),
            name: "e".into(),
            uid: "u".into(),
            workflow: "w".into(),
            attempt: 1,
            revision: None,
        },
        server: None,
        groups: (0..3).map(group).collect(),
        steps,
        blocks: vec![],
        files: vec![],
        workspace: "/data".into(),
        timeout_ms: 60_000,
        after_grace_ms: 10_000,
        pause_ms: 60_000,
    }
}

fn done(step: u16, attempt: u32, ending: Ending, code: i32) -> Event {
    Event::Done(Box::new(Done {
        step,
        attempt,
        ending,
        exit_code: (ending == Ending::Exited).then_some(code),
        signal: None,
        out_of_memory: false,
        started_at: now(0).wall,
        finished_at: now(1).wall,
        message: None,
        files: vec![],
        notes: vec![],
        outputs: std::collections::BTreeMap::new(),
        log_end: 0,
    }))
}

fn exit(step: u16, attempt: u32, code: i32) -> Event {
    done(step, attempt, Ending::Exited, code)
}

/// The deeds without the talk.
fn acts(machine: &mut Machine, event: Event, at: u64) -> Vec<Deed> {
    let mut deeds = machine.handle(event, now(at));
    deeds.retain(|deed| !matches!(deed, Deed::Say { .. }));
    deeds
}

fn states(machine: &Machine) -> String {
    machine.runs().iter().filter_map(|run| run.state.as_str().chars().next()).collect()
}

/// All containers are there.
fn up(machine: &mut Machine) {
    for group in 0..3 {
        acts(machine, Event::Ready { group, at: now(0).wall }, 0);
    }
}

fn go(group: u16, step: u16, attempt: u32) -> Deed {
    Deed::Go { group, step, attempt }
}

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
    step.retry = RetryRule { attempts: 3, delay_ms: 2000, until: None };
    let mut machine = Machine::new(&plan(vec![step]));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 100), []);
    assert_eq!(machine.wake_at(), Some(Duration::from_millis(2100)));
    assert_eq!(acts(&mut machine, Event::Tick, 2100), [go(0, 0, 2)]);
    acts(&mut machine, exit(0, 2, 1), 3000);
    assert_eq!(machine.wake_at(), Some(Duration::from_secs(7)));
    assert_eq!(acts(&mut machine, Event::Tick, 7000), [go(0, 0, 3)]);
    assert_eq!(acts(&mut machine, exit(0, 3, 0), 7100), [Deed::Finished]);
    assert_eq!((states(&machine).as_str(), machine.runs()[0].attempts), ("p", 3));
}

#[test]
fn a_missing_program_is_not_tried_again() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = RetryRule { attempts: 3, delay_ms: 0, until: None };
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
        ended.files.push(Collected { name: "r.xml".into(), source: "/data/r.xml".into(), size: 1 });
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
    assert!(machine.is_timed_out() && !machine.is_cancelled());
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
    assert!(machine.is_cancelled());
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
    assert!(machine.is_cancelled());
}

#[test]
fn a_dead_or_silent_container_does_not_hang_the_run() {
    let steps = vec![instruction(0, Section::Steps, 0), instruction(1, Section::After, 1)];
    let mut machine = Machine::new(&plan(steps.clone()));
    acts(&mut machine, Event::Begin, 0);
    assert_eq!(acts(&mut machine, Event::Lost { group: 1 }, 5), []);
    assert_eq!(acts(&mut machine, Event::Lost { group: 0 }, 5), [go(1, 1, 1)]);
    assert_eq!(states(&machine), "ew");

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

/// Whatever happens in whatever order: the end is reached, never two steps at
/// once, and `after` steps run unless time is up.
mod any_order {
    use super::*;

    #[derive(Clone, Debug)]
    enum Whim {
        Done(Ending, i32),
        Stale(u16, u32),
        Ready(u16),
        Lost(u16),
        Terminate,
        Wait(u64),
    }

    fn whim() -> impl Strategy<Value = Whim> {
        prop_oneof![
            6 => (ending(), 0..2i32).prop_map(|(ending, code)| Whim::Done(ending, code)),
            1 => (0..6u16, 1..4u32).prop_map(|(step, attempt)| Whim::Stale(step, attempt)),
            2 => (0..3u16).prop_map(Whim::Ready),
            1 => (0..3u16).prop_map(Whim::Lost),
            1 => Just(Whim::Terminate),
            3 => (0..30_000u64).prop_map(Whim::Wait),
        ]
    }

    fn ending() -> impl Strategy<Value = Ending> {
        prop_oneof![
            5 => Just(Ending::Exited),
            1 => Just(Ending::Killed),
            1 => Just(Ending::TimedOut),
            1 => Just(Ending::Stopped),
            1 => Just(Ending::NotStarted),
        ]
    }

    fn steps() -> impl Strategy<Value = Vec<Instruction>> {
        let step = (0..3u16, 1..4u32, 0..3000u64, any::<bool>(), any::<bool>(), 0..4usize);
        proptest::collection::vec(step, 1..6).prop_map(|rows| {
            let count = rows.len();
            let make = |(index, (group, attempts, delay_ms, optional, negative, condition)): (usize, _)| {
                let section = match index {
                    0 if count > 2 => Section::Setup,
                    _ if index + 1 == count && count > 1 => Section::After,
                    _ => Section::Steps,
                };
                let mut step = instruction(u16::try_from(index).expect("few"), section, group);
                let conditions = [Condition::Passed, Condition::Failed, Condition::Always, Condition::Never];
                if section != Section::After {
                    step.condition = conditions.into_iter().nth(condition).expect("one of four");
                }
                step.retry = RetryRule { attempts, delay_ms, until: None };
                step.optional = optional;
                step.negative = negative;
                step
            };
            rows.into_iter().enumerate().map(make).collect()
        })
    }

    /// What an observer knows: the one attempt that runs.
    #[derive(Default)]
    struct Observer {
        running: Option<(u16, u32)>,
        finished: bool,
        begun: Vec<(u16, u32)>,
    }

    impl Observer {
        fn watch(&mut self, machine: &mut Machine, event: Event, at: u64) {
            if let Event::Done(done) = &event
                && self.running == Some((done.step, done.attempt))
            {
                self.running = None;
            }
            if let Event::Lost { group } = &event
                && self.running.is_some_and(|(step, _)| machine.steps()[usize::from(step)].group == *group)
            {
                self.running = None;
            }
            let gave_up = machine.wake_at().is_some_and(|wake| wake <= Duration::from_millis(at));
            for deed in machine.handle(event, now(at)) {
                match deed {
                    Deed::Go { step, attempt, .. } => {
                        assert!(self.running.is_none() || gave_up, "two steps at once");
                        assert!(!self.begun.contains(&(step, attempt)), "an attempt twice");
                        self.begun.push((step, attempt));
                        self.running = Some((step, attempt));
                    }
                    Deed::Finished => {
                        assert!(!self.finished, "finished twice");
                        self.finished = true;
                    }
                    Deed::Stop { group, .. } => {
                        if machine.ready[usize::from(group)].is_none() {
                            self.running = None;
                        }
                    }
                    Deed::Say { .. } | Deed::Keep { .. } => {}
                    Deed::Judge { .. } => panic!("nothing was collected"),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_end_is_reached(steps in steps(), whims in proptest::collection::vec(whim(), 0..40)) {
            let plan = plan(steps);
            let mut machine = Machine::new(&plan);
            let mut observer = Observer::default();
            let mut at = 0;
            if let Some(first) = starts_at_once(&plan) {
                observer.running = Some((first, 1));
                observer.begun.push((first, 1));
            }
            observer.watch(&mut machine, Event::Begin, at);
            for whim in whims {
                let event = match whim {
                    Whim::Done(ending, code) => match observer.running {
                        Some((step, attempt)) => done(step, attempt, ending, code),
                        None => Event::Tick,
                    },
                    Whim::Stale(step, attempt) if observer.running != Some((step, attempt)) => exit(step, attempt, 0),
                    Whim::Stale(..) => Event::Tick,
                    Whim::Ready(group) => Event::Ready { group, at: now(at).wall },
                    Whim::Lost(group) => Event::Lost { group },
                    Whim::Terminate => Event::Terminate,
                    Whim::Wait(millis) => { at += millis; Event::Tick }
                };
                observer.watch(&mut machine, event, at);
            }
            for _ in 0..100 {
                if observer.finished { break; }
                if let Some((step, attempt)) = observer.running {
                    observer.watch(&mut machine, exit(step, attempt, 0), at);
                } else {
                    let wake = machine.wake_at().expect("it waits for nothing else");
                    at = at.max(u64::try_from(wake.as_millis()).expect("small"));
                    observer.watch(&mut machine, Event::Tick, at);
                }
            }
            prop_assert!(observer.finished);
            prop_assert!(machine.runs().iter().all(|run| run.state.is_final()));
            let in_time = !machine.is_timed_out() && !machine.is_cancelled() && at < 60_000;
            for (step, run) in machine.steps().iter().zip(machine.runs()) {
                if in_time && step.section == Section::After {
                    prop_assert!(run.attempts > 0, "after steps run");
                }
            }
        }
    }
}
