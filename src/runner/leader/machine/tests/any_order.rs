//! Whatever happens in whatever order: the end is reached, never two steps at
//! once, no step more often than it may, none whose condition does not hold,
//! and `after` steps run unless time is up.

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Whim {
    Done(Ending, i32),
    Stale(u16, u32),
    Ready(u16),
    Lost(u16),
    Terminate,
    Commands(bool, bool),
    Wait(u64),
}

fn whim() -> impl Strategy<Value = Whim> {
    prop_oneof![
        8 => (ending(), 0..2i32).prop_map(|(ending, code)| Whim::Done(ending, code)),
        1 => (0..8u16, 1..4u32).prop_map(|(step, attempt)| Whim::Stale(step, attempt)),
        2 => (0..3u16).prop_map(Whim::Ready),
        1 => (0..3u16).prop_map(Whim::Lost),
        1 => Just(Whim::Terminate),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(pause, resume)| Whim::Commands(pause, resume)),
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

/// What is drawn for a step or a block.
#[derive(Clone, Debug)]
struct Draw {
    group: u16,
    condition: usize,
    retry: RetryRule,
    timeout_ms: Option<u64>,
    delay_ms: u64,
    flags: [bool; 3],
}

fn draw() -> impl Strategy<Value = Draw> {
    let condition = prop_oneof![4 => Just(0usize), 3 => 1..6usize];
    let until = prop_oneof![4 => Just(None), 1 => Just(Some("self.failed")), 1 => Just(Some("self.nothing"))];
    let retry = (1..4u32, 0..3000u64, until).prop_map(|(attempts, delay_ms, until)| RetryRule {
        attempts,
        delay_ms,
        until: until.map(str::to_owned),
    });
    let timeout = prop_oneof![3 => Just(None), 1 => (1..20_000u64).prop_map(Some)];
    let delay = prop_oneof![4 => Just(0u64), 1 => 1..3000u64];
    let flags = [0.5, 0.5, 0.2].map(prop::bool::weighted);
    (0..3u16, condition, retry, timeout, delay, flags).prop_map(
        |(group, condition, retry, timeout_ms, delay_ms, flags)| Draw {
            group,
            condition,
            retry,
            timeout_ms,
            delay_ms,
            flags,
        },
    )
}

fn condition(number: usize) -> Condition {
    match number {
        0 => Condition::Passed,
        1 => Condition::Failed,
        2 => Condition::Always,
        3 => Condition::Never,
        4 => Condition::When("passed || failed".into()),
        _ => Condition::When("nonsense.here".into()),
    }
}

/// Lists of steps; each list with a draw of its own is a block, and every second one lies in the one before.
fn plans() -> impl Strategy<Value = PlanDocument> {
    let list = (proptest::option::of(draw()), proptest::collection::vec(draw(), 1..4));
    proptest::collection::vec(list, 1..4).prop_map(|lists| {
        let (mut blocks, mut steps): (Vec<Block>, Vec<Instruction>) = (Vec::new(), Vec::new());
        let last = lists.len() - 1;
        for (position, (around, inner)) in lists.into_iter().enumerate() {
            let section = match position {
                0 if last > 1 => Section::Setup,
                _ if position == last && last > 0 => Section::After,
                _ => Section::Steps,
            };
            let held_by = around.map(|draw| {
                let index = u16::try_from(blocks.len()).expect("few");
                let outer = blocks.last().filter(|outer| outer.section == section && index % 2 == 1);
                let parent = outer.map(|outer| outer.index);
                blocks.push(drawn_block(&draw, index, parent, section));
                index
            });
            for draw in inner {
                let index = u16::try_from(steps.len()).expect("few");
                steps.push(drawn_step(&draw, index, held_by, section));
            }
        }
        nested(blocks, steps)
    })
}

fn drawn_block(draw: &Draw, index: u16, parent: Option<u16>, section: Section) -> Block {
    Block {
        section,
        condition: if section == Section::After { Condition::Always } else { condition(draw.condition) },
        retry: draw.retry.clone(),
        timeout_ms: draw.timeout_ms.filter(|_| section != Section::After),
        optional: draw.flags[0],
        negative: draw.flags[1],
        paused: draw.flags[2],
        delay_ms: draw.delay_ms,
        ..block(index, parent)
    }
}

fn drawn_step(draw: &Draw, index: u16, block: Option<u16>, section: Section) -> Instruction {
    Instruction {
        block,
        condition: if section == Section::After { Condition::Always } else { condition(draw.condition) },
        retry: draw.retry.clone(),
        optional: draw.flags[0],
        negative: draw.flags[1],
        paused: draw.flags[2],
        delay_ms: draw.delay_ms,
        ..instruction(index, section, draw.group)
    }
}

/// What an observer knows: the one attempt that runs.
#[derive(Default)]
struct Observer {
    running: Option<(u16, u32)>,
    finished: bool,
    begun: Vec<(u16, u32)>,
    version: u64,
}

impl Observer {
    fn watch(&mut self, machine: &mut Machine, event: Event, at: u64) {
        if let Event::Done(done) = &event
            && self.running == Some((done.step, done.attempt))
        {
            self.running = None;
        }
        if let Event::Lost { group } = &event
            && self.running.is_some_and(|(step, _)| machine.tree().steps()[usize::from(step)].group == *group)
        {
            self.running = None;
        }
        let gave_up = machine.wake_at().is_some_and(|wake| wake <= Duration::from_millis(at));
        for deed in machine.handle(event, now(at)) {
            match deed {
                Deed::Go { step, attempt, .. } => {
                    assert!(self.running.is_none() || gave_up, "two steps at once");
                    assert!(!self.begun.contains(&(step, attempt)), "an attempt twice");
                    assert_allowed(machine, step);
                    self.begun.push((step, attempt));
                    self.running = Some((step, attempt));
                }
                Deed::Finished => {
                    assert!(!self.finished, "finished twice");
                    self.finished = true;
                }
                Deed::Stop { group, .. } => {
                    if machine.containers[usize::from(group)].ready.is_none() {
                        self.running = None;
                    }
                }
                Deed::Say { .. } | Deed::Keep { .. } | Deed::Forget { .. } => {}
                Deed::Judge { .. } => panic!("nothing was collected"),
            }
        }
    }

    fn obey(&mut self, machine: &mut Machine, whim: Whim, at: &mut u64) {
        let event = match whim {
            Whim::Done(ending, code) => match self.running {
                Some((step, attempt)) => done(step, attempt, ending, code),
                None => Event::Tick,
            },
            Whim::Stale(step, attempt) if self.running != Some((step, attempt)) => exit(step, attempt, 0),
            Whim::Stale(..) => Event::Tick,
            Whim::Ready(group) => Event::Ready { group, at: now(*at).wall },
            Whim::Lost(group) => Event::Lost { group },
            Whim::Terminate => Event::Terminate,
            Whim::Commands(pause, resume) => {
                self.version += 1;
                let resume = if resume { vec!["*".to_owned()] } else { vec![] };
                Event::Commands(Commands { version: self.version, pause, resume })
            }
            Whim::Wait(millis) => {
                *at += millis;
                Event::Tick
            }
        };
        self.watch(machine, event, *at);
    }
}

/// The condition of a step, and of every block around it, holds as the plan
/// says: judged from the states alone.
fn assert_allowed(machine: &Machine, step: u16) {
    let tree = machine.tree();
    let id = tree.of_step(step);
    for node in std::iter::once(id).chain(tree.around(id)) {
        let parent = tree.node(node).parent;
        let earlier = tree.children(parent).iter().take_while(|sibling| **sibling != node);
        let failed = earlier.into_iter().any(|sibling| {
            let other = tree.node(*sibling);
            let looked_at = parent.is_some() || other.section != Section::After;
            looked_at && !other.optional && machine.run(*sibling).state.is_bad()
        });
        match &tree.node(node).condition {
            Condition::Passed => assert!(!failed, "{} runs after a failure", tree.node(node).path),
            Condition::Failed => assert!(failed, "{} runs without a failure", tree.node(node).path),
            Condition::Never => panic!("{} never runs", tree.node(node).path),
            Condition::When(text) => assert_eq!(text, "passed || failed"),
            Condition::Always => {}
        }
    }
}

/// As often as a step may be tried, with all blocks around it.
fn most_attempts(machine: &Machine, step: u16) -> u32 {
    let tree = machine.tree();
    let id = tree.of_step(step);
    std::iter::once(id).chain(tree.around(id)).map(|node| tree.node(node).retry.attempts).product()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_end_is_reached(plan in plans(), whims in proptest::collection::vec(whim(), 0..60)) {
        let mut machine = Machine::new(&plan);
        let mut observer = Observer::default();
        let mut at = 0;
        if let Some(first) = starts_at_once(&plan) {
            observer.running = Some((first, 1));
            observer.begun.push((first, 1));
        }
        let lost = whims.iter().any(|whim| matches!(whim, Whim::Lost(_)));
        observer.watch(&mut machine, Event::Begin, at);
        for whim in whims {
            observer.obey(&mut machine, whim, &mut at);
        }
        for _ in 0..2000 {
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
        for step in machine.tree().steps() {
            let run = of_step(&machine, step.index);
            prop_assert!(run.attempts <= most_attempts(&machine, step.index), "{} ran too often", step.id);
            let in_time = !lost && !machine.clock().is_timed_out() && !machine.clock().is_terminated()
                && machine.holds().exceeded().is_none() && at < 60_000;
            if in_time && step.section == Section::After && step.block.is_none() {
                prop_assert!(run.attempts > 0, "after steps run");
            }
        }
        let _ = verdict(&machine);
    }
}
