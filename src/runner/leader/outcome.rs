//! The leader's knowledge as the documents that others read.

use assay_protocol::{ArtifactTotals, Progress, RunOutcome, StepProgress};
use assay_report::Summary;
use jiff::Timestamp;

use super::machine::Machine;
use super::verdict;

/// The state of the run; its sequence is still to be set.
pub(super) fn progress(machine: &Machine, tests: Option<Summary>, artifacts: ArtifactTotals) -> Progress {
    let steps: Vec<StepProgress> = machine
        .steps()
        .iter()
        .zip(machine.runs())
        .map(|(step, run)| StepProgress {
            id: step.id.clone(),
            name: step.name.clone(),
            state: run.state,
            attempts: run.attempts,
            exit_code: run.exit_code,
            started_at: run.started_at,
            finished_at: run.finished_at.filter(|_| run.state.is_final()),
            block: step.block,
            message: run.message.clone(),
            outputs: std::collections::BTreeMap::new(),
        })
        .collect();
    let started_at = steps.iter().filter_map(|step| step.started_at).min();
    Progress {
        sequence: 0,
        started_at,
        steps,
        blocks: Vec::new(),
        paused: None,
        paused_ms: 0,
        tests,
        artifacts,
        outcome: None,
    }
}

/// How the run ended; to be asked when it has.
pub(super) fn outcome(machine: &Machine, log_complete: bool) -> RunOutcome {
    let judgement = verdict::conclude(machine.steps(), machine.runs(), machine.is_cancelled(), machine.is_timed_out());
    let finished_at = machine.runs().iter().filter_map(|run| run.finished_at).max();
    RunOutcome {
        verdict: judgement.verdict,
        reason: judgement.reason,
        message: judgement.message,
        finished_at: finished_at.unwrap_or_else(Timestamp::now),
        log_complete,
    }
}
