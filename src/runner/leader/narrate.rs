//! The leader's lines in the log.

use std::time::Duration;

use assay_api::StepState;
use assay_protocol::Instruction;

use super::runs::{Outcome, Run, span};

/// A step begins.
pub(super) fn started(step: &Instruction, attempt: u32) -> String {
    let command = step.action.as_ref().map(|action| first_line(&action.display));
    let command = command.filter(|text| !text.is_empty() && *text != step.name);
    let tries = if attempt > 1 { format!(", attempt {attempt} of {}", step.retry.attempts) } else { String::new() };
    match command {
        Some(command) => format!("▶ step \"{}\"{tries}: {command}", step.name),
        None => format!("▶ step \"{}\"{tries}", step.name),
    }
}

/// A step is passed over.
pub(super) fn skipped(step: &Instruction, why: &str) -> String {
    format!("∅ step \"{}\" skipped: {why}", step.name)
}

/// Another attempt follows.
pub(super) fn retrying(step: &Instruction, outcome: &Outcome, next: u32, delay: Duration) -> String {
    let why = outcome.message.as_deref().unwrap_or("did not pass");
    let when = if delay.is_zero() { "now".to_owned() } else { format!("in {}", span(delay)) };
    format!("↻ step \"{}\": {why}; attempt {next} of {} {when}", step.name, step.retry.attempts)
}

/// A step has its final state.
pub(super) fn ended(step: &Instruction, run: &Run) -> String {
    let mark = if run.state == StepState::Passed { '✔' } else { '✖' };
    let time = match (run.started_at, run.finished_at) {
        (Some(from), Some(to)) => {
            Duration::try_from(to.duration_since(from)).map(|time| format!(" after {}", span(time)))
        }
        _ => Ok(String::new()),
    };
    let time = time.unwrap_or_default();
    let why = run.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let optional = if run.state.is_bad() && step.optional { " (optional: it does not count)" } else { "" };
    format!("{mark} step \"{}\" {}{time}{why}{optional}", step.name, words(run.state))
}

/// Why an attempt was stopped.
pub(super) fn stopped(cancelled: bool) -> &'static str {
    if cancelled { "stopped because the execution was cancelled" } else { "stopped at the execution's deadline" }
}

fn words(state: StepState) -> &'static str {
    match state {
        StepState::TimedOut => "timed out",
        other => other.as_str(),
    }
}

fn first_line(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.char_indices().nth(160).map_or(line, |(end, _)| &line[..end])
}
