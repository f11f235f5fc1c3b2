//! The leader's lines in the log.

use std::time::Duration;

use assay_api::StepState;
use assay_protocol::Instruction;
use assay_protocol::control::Stop;

use super::runs::{Outcome, Run, span};
use super::tree::{Kind, Node};

/// `step "build › unit tests"`.
pub(super) fn title(node: &Node) -> String {
    let what = if node.kind == Kind::Block { "block" } else { "step" };
    format!("{what} \"{}\"", node.path)
}

/// A step begins.
pub(super) fn started(node: &Node, step: Option<&Instruction>, run: &Run) -> String {
    let command = step.and_then(|step| {
        let line = first_line(&step.action.as_ref()?.display);
        (!line.is_empty() && line != step.name).then_some(line)
    });
    let tries = run.tries();
    let tries = if tries > 1 { format!(", attempt {tries} of {}", node.retry.attempts) } else { String::new() };
    match command {
        Some(command) => format!("▶ {}{tries}: {command}", title(node)),
        None => format!("▶ {}{tries}", title(node)),
    }
}

/// A node is passed over.
pub(super) fn skipped(node: &Node, why: &str) -> String {
    format!("∅ {} skipped: {why}", title(node))
}

/// A node waits before it begins.
pub(super) fn delayed(node: &Node) -> String {
    format!("… {} begins in {}", title(node), span(node.delay))
}

/// A node waits for somebody.
pub(super) fn held(node: &Node, why: &str, longest: Duration) -> String {
    format!("⏸ {} is held: {why}, for at most {}", title(node), span(longest))
}

/// The pause is over.
pub(super) fn resumed(node: &Node, length: Duration) -> String {
    format!("⏵ {} goes on after a pause of {}", title(node), span(length))
}

/// Nobody ended the pause.
pub(super) fn held_too_long(longest: Duration) -> String {
    format!("was held for {}, and nobody resumed it", span(longest))
}

/// Another attempt follows.
pub(super) fn retrying(node: &Node, outcome: &Outcome, next: u32, delay: Duration) -> String {
    let why = match (&outcome.message, outcome.state.is_bad()) {
        (Some(why), _) => why.clone(),
        (None, true) => "did not pass".to_owned(),
        (None, false) => "its `until` does not hold".to_owned(),
    };
    let when = if delay.is_zero() { "now".to_owned() } else { format!("in {}", span(delay)) };
    format!("↻ {}: {why}; attempt {next} of {} {when}", title(node), node.retry.attempts)
}

/// A node has its final state.
pub(super) fn ended(node: &Node, run: &Run) -> String {
    let mark = match run.state {
        StepState::Passed => '✔',
        StepState::Skipped => '∅',
        _ => '✖',
    };
    let time = match (run.started_at, run.finished_at) {
        (Some(from), Some(to)) => {
            Duration::try_from(to.duration_since(from)).map(|time| format!(" after {}", span(time)))
        }
        _ => Ok(String::new()),
    };
    let time = time.unwrap_or_default();
    let why = run.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let optional = if run.state.is_bad() && node.optional { " (optional: it does not count)" } else { "" };
    format!("{mark} {} {}{time}{why}{optional}", title(node), words(run.state))
}

/// Why an attempt was stopped.
pub(super) fn stopped(why: Stop) -> &'static str {
    match why {
        Stop::Cancelled => "stopped because the execution was cancelled",
        Stop::Deadline => "stopped at the execution's deadline",
        Stop::BlockTimeout => "stopped at the timeout of its block",
    }
}

/// A state in a sentence.
pub(super) fn words(state: StepState) -> &'static str {
    match state {
        StepState::TimedOut => "timed out",
        other => other.as_str(),
    }
}

fn first_line(text: &str) -> &str {
    let line = text.trim_start().lines().next().unwrap_or_default();
    line.char_indices().nth(160).map_or(line, |(end, _)| &line[..end])
}
