//! What became of each step.

use std::time::Duration;

use assay_api::StepState;
use assay_protocol::Instruction;
use assay_protocol::control::{Done, Ending};
use assay_report::Counts;
use jiff::Timestamp;

/// Longest wait between two attempts.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// The record of one step.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// Where it stands.
    pub(super) state: StepState,
    /// Attempts begun.
    pub(super) attempts: u32,
    /// Exit code of the last attempt.
    pub(super) exit_code: Option<i32>,
    /// Start of the first attempt.
    pub(super) started_at: Option<Timestamp>,
    /// End of the last attempt.
    pub(super) finished_at: Option<Timestamp>,
    /// Why it is so.
    pub(super) message: Option<String>,
    /// Test counts of the last attempt's reports.
    pub(super) counts: Option<Counts>,
    /// Its program does not exist or cannot be executed.
    pub(super) not_started: bool,
}

/// What one attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// A final state.
    pub(super) state: StepState,
    /// Why.
    pub(super) message: Option<String>,
    /// Whether another attempt could end differently.
    pub(super) worth_retrying: bool,
}

/// Judges an attempt by how its process ended and what its reports count.
pub(super) fn judge(step: &Instruction, done: &Done, counts: Option<&Counts>) -> Outcome {
    let outcome = |state, message| Outcome { state, message, worth_retrying: true };
    match done.ending {
        Ending::NotStarted => Outcome {
            state: StepState::Errored,
            message: Some(done.message.clone().unwrap_or_else(|| "its process could not be started".into())),
            worth_retrying: false,
        },
        Ending::TimedOut => {
            let limit = Duration::from_millis(step.timeout_ms.unwrap_or_default());
            outcome(StepState::TimedOut, Some(format!("ran longer than its timeout of {}", span(limit))))
        }
        Ending::Stopped => {
            Outcome { state: StepState::Cancelled, message: Some("was stopped".into()), worth_retrying: false }
        }
        Ending::Exited | Ending::Killed => judge_exit(step, done, counts),
    }
}

fn judge_exit(step: &Instruction, done: &Done, counts: Option<&Counts>) -> Outcome {
    let outcome = |state, message| Outcome { state, message, worth_retrying: true };
    let code = done.exit_code.filter(|code| *code != 0);
    let failure = match (done.signal, code) {
        (Some(signal), _) => Some(killed_by(signal)),
        (None, Some(code)) => Some(format!("exit code {code}")),
        (None, None) => None,
    };
    let tests = counts.filter(|counts| !counts.ran_clean()).map(failed_tests);
    match (failure, tests) {
        (Some(_), _) if step.negative => outcome(StepState::Passed, None),
        (None, _) if step.negative => {
            outcome(StepState::Failed, Some("was expected to fail, but its command succeeded".into()))
        }
        (Some(failure), None) => outcome(StepState::Failed, Some(failure)),
        (Some(failure), Some(tests)) => outcome(StepState::Failed, Some(format!("{tests} ({failure})"))),
        (None, Some(tests)) => outcome(StepState::Failed, Some(tests)),
        (None, None) => outcome(StepState::Passed, None),
    }
}

/// `3 of 40 tests failed`.
pub(super) fn failed_tests(counts: &Counts) -> String {
    format!("{} of {} {} failed", counts.bad(), counts.tests, plural(counts.tests, "test"))
}

/// The word with an `s` where the number asks for it.
pub(super) fn plural(number: u32, word: &str) -> String {
    if number == 1 { word.to_owned() } else { format!("{word}s") }
}

fn killed_by(signal: i32) -> String {
    match signal {
        9 => "killed by signal 9, SIGKILL (out of memory?)".to_owned(),
        11 => "killed by signal 11, SIGSEGV".to_owned(),
        6 => "killed by signal 6, SIGABRT".to_owned(),
        15 => "killed by signal 15, SIGTERM".to_owned(),
        other => format!("killed by signal {other}"),
    }
}

/// The wait before attempt number `next`.
pub(super) fn delay_before(step: &Instruction, next: u32) -> Duration {
    let doublings = next.saturating_sub(2).min(32);
    let delay = Duration::from_millis(step.retry.delay_ms).saturating_mul(1 << doublings.min(20));
    delay.min(LONGEST_DELAY)
}

/// A length of time for people: `350 ms`, `1.5 s`, `2 m 5 s`.
pub(super) fn span(length: Duration) -> String {
    let millis = length.as_millis();
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 if millis.is_multiple_of(1_000) => format!("{} s", millis / 1_000),
        1_000..60_000 => format!("{:.1} s", length.as_secs_f64()),
        _ if length.as_secs().is_multiple_of(60) => format!("{} m", length.as_secs() / 60),
        _ => format!("{} m {} s", length.as_secs() / 60, length.as_secs() % 60),
    }
}
