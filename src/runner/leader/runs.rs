//! What became of each step and block.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_api::StepState;
use assay_protocol::control::{Done, Ending};
use assay_protocol::{Instruction, RetryRule};
use assay_report::Counts;
use jiff::Timestamp;

use super::tree::Id;

/// Longest wait between two attempts.
const LONGEST_DELAY: Duration = Duration::from_secs(300);

/// The record of one step or block.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// Where it stands.
    pub(super) state: StepState,
    /// Attempts begun, over all attempts of the blocks around it.
    pub(super) attempts: u32,
    /// How many of them were begun in earlier attempts of a block around it.
    pub(super) earlier: u32,
    /// An attempt since then was bad.
    pub(super) stumbled: bool,
    /// Exit code of the last attempt.
    pub(super) exit_code: Option<i32>,
    /// Start of the first attempt.
    pub(super) started_at: Option<Timestamp>,
    /// End of the last attempt.
    pub(super) finished_at: Option<Timestamp>,
    /// Why it is so.
    pub(super) message: Option<String>,
    /// The child that a block's state comes from; `None` when the cause is the block's own.
    pub(super) blames: Option<Id>,
    /// Test counts of the last attempt's reports.
    pub(super) counts: Option<Counts>,
    /// What the last attempt gave to later steps.
    pub(super) outputs: BTreeMap<String, String>,
    /// Its program does not exist or cannot be executed.
    pub(super) not_started: bool,
    /// It failed when the memory of its container was used up.
    pub(super) out_of_memory: bool,
}

impl Run {
    /// Attempts in the present attempt of the blocks around it.
    pub(super) fn tries(&self) -> u32 {
        self.attempts - self.earlier
    }

    /// Forgets what the last attempt came to: another begins.
    pub(super) fn begin_attempt(&mut self) {
        let kept = Self {
            attempts: self.attempts.saturating_add(1),
            earlier: self.earlier,
            stumbled: self.stumbled,
            started_at: self.started_at,
            ..Self::default()
        };
        *self = kept;
    }

    /// A block around it is tried again: what it came to no longer counts,
    /// but its attempts have names that are taken.
    pub(super) fn start_over(&mut self) {
        *self =
            Self { attempts: self.attempts, earlier: self.attempts, started_at: self.started_at, ..Self::default() };
    }
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
    /// The child of a block that it comes from.
    pub(super) blames: Option<Id>,
}

impl Outcome {
    /// An outcome that another attempt may change.
    pub(super) fn of(state: StepState, message: Option<String>) -> Self {
        Self { state, message, worth_retrying: true, blames: None }
    }

    /// An outcome that stays.
    pub(super) fn lasting(state: StepState, message: impl Into<String>) -> Self {
        Self { state, message: Some(message.into()), worth_retrying: false, blames: None }
    }
}

/// Judges an attempt by how its process ended and what its reports count.
pub(super) fn judge(step: &Instruction, done: &Done, counts: Option<&Counts>) -> Outcome {
    let outcome = match done.ending {
        Ending::NotStarted => {
            let message = done.message.clone().unwrap_or_else(|| "its process could not be started".into());
            Outcome::lasting(StepState::Errored, message)
        }
        Ending::TimedOut => {
            let limit = Duration::from_millis(step.timeout_ms.unwrap_or_default());
            Outcome::of(StepState::TimedOut, Some(overran(limit)))
        }
        Ending::Stopped => Outcome::lasting(StepState::Cancelled, "was stopped"),
        Ending::Exited | Ending::Killed => judge_exit(step, done, counts),
    };
    let bad = done.signal.is_some() || done.exit_code.is_some_and(|code| code != 0);
    if done.out_of_memory && bad && matches!(done.ending, Ending::Exited | Ending::Killed) {
        // That says something of the container's limit, and nothing of what is tested.
        let how = done.signal.map_or_else(|| format!("exit code {}", done.exit_code.unwrap_or_default()), killed_by);
        return Outcome::of(StepState::Errored, Some(format!("the memory of its container was used up ({how})")));
    }
    if step.fetches && matches!(outcome.state, StepState::Failed | StepState::TimedOut) {
        // Nothing was tested, so nothing may be said of the tests.
        let why = outcome.message.unwrap_or_default();
        let message = format!("the content could not be fetched: {why}; its log says why");
        return Outcome::of(StepState::Errored, Some(message));
    }
    outcome
}

/// The sentence about a timeout.
pub(super) fn overran(limit: Duration) -> String {
    format!("ran longer than its timeout of {}", span(limit))
}

fn judge_exit(step: &Instruction, done: &Done, counts: Option<&Counts>) -> Outcome {
    let code = done.exit_code.filter(|code| *code != 0);
    let failure = match (done.signal, code) {
        (Some(signal), _) => Some(killed_by(signal)),
        (None, Some(code)) => Some(format!("exit code {code}")),
        (None, None) => None,
    };
    let tests = counts.filter(|counts| !counts.ran_clean()).map(failed_tests);
    let failed = |message: String| Outcome::of(StepState::Failed, Some(message));
    match (failure, tests) {
        (Some(_), _) if step.negative => Outcome::of(StepState::Passed, None),
        (None, _) if step.negative => failed("was expected to fail, but its command succeeded".into()),
        (Some(failure), None) => failed(failure),
        (Some(failure), Some(tests)) => failed(format!("{tests} ({failure})")),
        (None, Some(tests)) => failed(tests),
        (None, None) => Outcome::of(StepState::Passed, None),
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

/// The wait before another attempt, when there were `tries` so far.
pub(super) fn back_off(retry: &RetryRule, tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(20);
    Duration::from_millis(retry.delay_ms).saturating_mul(1 << doublings).min(LONGEST_DELAY)
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
