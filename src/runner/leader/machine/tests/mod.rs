//! How the machine orders steps and blocks, whatever the order of events.

mod any_order;
mod blocks;
mod expressions;
mod pauses;
mod steps;

use assay_protocol::{Action, Block, Condition, ExecutionIdentity, Group, PROTOCOL_VERSION, RetryRule};

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
    let steps = machine.tree().steps().iter();
    steps.filter_map(|step| of_step(machine, step.index).state.as_str().chars().next()).collect()
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

fn of_step(machine: &Machine, step: u16) -> &Run {
    machine.run(machine.tree().of_step(step))
}

fn of_block(machine: &Machine, block: usize) -> &Run {
    machine.run(machine.tree().of_block(block))
}

fn block(index: u16, parent: Option<u16>) -> Block {
    Block {
        index,
        id: format!("b{index}"),
        name: format!("b{index}"),
        section: Section::Steps,
        parent,
        condition: Condition::Passed,
        retry: RetryRule { attempts: 1, delay_ms: 0, until: None },
        timeout_ms: None,
        optional: false,
        negative: false,
        delay_ms: 0,
        paused: false,
    }
}

/// A step of the section `steps` in a block.
fn inside(index: u16, block: u16) -> Instruction {
    Instruction { block: Some(block), ..instruction(index, Section::Steps, 0) }
}

fn nested(blocks: Vec<Block>, steps: Vec<Instruction>) -> PlanDocument {
    PlanDocument { blocks, ..plan(steps) }
}

/// A machine whose containers are up and whose run has begun.
fn begun(plan: &PlanDocument) -> Machine {
    let mut machine = Machine::new(plan);
    up(&mut machine);
    acts(&mut machine, Event::Begin, 0);
    machine
}

fn tries(attempts: u32, delay_ms: u64) -> RetryRule {
    RetryRule { attempts, delay_ms, until: None }
}

/// What the machine says of the whole run.
fn verdict(machine: &Machine) -> String {
    let outcome = crate::leader::outcome::outcome(machine, true);
    format!("{}/{}: {}", outcome.verdict, outcome.reason, outcome.message)
}
