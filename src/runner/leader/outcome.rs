//! The leader's knowledge as the documents that others read.

use assay_protocol::{ArtifactTotals, Block, BlockProgress, Instruction, Paused, Progress, RunOutcome, StepProgress};
use assay_report::Summary;
use jiff::Timestamp;

use super::machine::Machine;
use super::verdict::Record;

/// The state of the run; its sequence is still to be set.
pub(super) fn progress(
    machine: &Machine,
    blocks: &[Block],
    tests: Option<Summary>,
    artifacts: ArtifactTotals,
) -> Progress {
    let steps: Vec<StepProgress> = machine.tree().steps().iter().map(|step| of_step(machine, step)).collect();
    let blocks = blocks.iter().enumerate().map(|(position, block)| of_block(machine, position, block)).collect();
    // A wait before the first step is already part of the run.
    let started_at = steps.iter().filter_map(|step| step.started_at).chain(machine.clock().begun_at()).min();
    let paused = machine
        .holds()
        .current()
        .map(|hold| Paused { step: machine.tree().node(hold.node).id.clone(), since: hold.since.wall });
    let paused_ms = u64::try_from(machine.clock().paused().as_millis()).unwrap_or(u64::MAX);
    Progress { sequence: 0, started_at, steps, blocks, paused, paused_ms, tests, artifacts, outcome: None }
}

fn of_step(machine: &Machine, step: &Instruction) -> StepProgress {
    let run = machine.run(machine.tree().of_step(step.index));
    StepProgress {
        id: step.id.clone(),
        name: step.name.clone(),
        block: step.block,
        state: run.state,
        attempts: run.attempts,
        exit_code: run.exit_code,
        started_at: run.started_at,
        finished_at: run.finished_at.filter(|_| run.state.is_final()),
        message: run.message.clone(),
        outputs: run.outputs.clone(),
    }
}

fn of_block(machine: &Machine, position: usize, block: &Block) -> BlockProgress {
    let id = machine.tree().of_block(position);
    let run = machine.run(id);
    let first = machine.tree().node(id).step;
    BlockProgress {
        id: block.id.clone(),
        name: block.name.clone(),
        parent: block.parent,
        first: if usize::from(first) < machine.tree().steps().len() { first } else { 0 },
        state: run.state,
        attempts: run.attempts,
        started_at: run.started_at,
        finished_at: run.finished_at.filter(|_| run.state.is_final()),
        message: run.message.clone(),
    }
}

/// How the run ended; to be asked when it has.
pub(super) fn outcome(machine: &Machine, log_complete: bool) -> RunOutcome {
    let record = Record {
        tree: machine.tree(),
        runs: machine.runs(),
        cancelled: machine.clock().is_terminated(),
        timed_out: machine.clock().is_timed_out(),
        held: machine.holds().exceeded(),
    };
    let judgement = record.conclude();
    let finished_at = machine.runs().iter().filter_map(|run| run.finished_at).max();
    RunOutcome {
        verdict: judgement.verdict,
        reason: judgement.reason,
        message: judgement.message,
        finished_at: finished_at.unwrap_or_else(Timestamp::now),
        log_complete,
    }
}
