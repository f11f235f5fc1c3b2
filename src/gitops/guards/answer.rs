//! How guards answer.

use std::time::Duration;

use assay_api::{Answer, DurationText, Finding, Guard, RollbackMode};
use jiff::{SignedDuration, Timestamp};

use crate::evidence::Evidence;

/// An answer of this guard.
pub(super) fn finding(guard: Guard, answer: Answer, message: impl Into<String>) -> Finding {
    Finding { guard, answer, message: message.into() }
}

pub(super) fn pass(guard: Guard, message: impl Into<String>) -> Finding {
    finding(guard, Answer::Pass, message)
}

pub(super) fn hold(guard: Guard, message: impl Into<String>) -> Finding {
    finding(guard, Answer::Hold, message)
}

pub(super) fn refuse(guard: Guard, message: impl Into<String>) -> Finding {
    finding(guard, Answer::Refuse, message)
}

pub(super) fn skipped(guard: Guard, lacking: &str) -> Finding {
    finding(guard, Answer::Skipped, format!("not asked: {lacking}"))
}

/// What a person should look at first: a pull request, or nothing where none can be opened.
pub(super) fn pull_request(evidence: &Evidence, guard: Guard, message: &str) -> Finding {
    match &evidence.grant {
        _ if evidence.spec.policy.mode == RollbackMode::Observe => {
            finding(guard, Answer::PullRequest, format!("{message}; it would be a pull request, for a person to judge"))
        }
        Ok(grant) if grant.forge => {
            finding(guard, Answer::PullRequest, format!("{message}; a pull request lets a person judge it"))
        }
        Ok(grant) => refuse(
            guard,
            format!(
                "{message}; only a pull request would do, and the grant {} has no `spec.forge` to open one",
                grant.name
            ),
        ),
        Err(_) => refuse(guard, format!("{message}; only a pull request would do, and no grant allows one")),
    }
}

/// A duration of the policy, or the default.
pub(super) fn duration(
    guard: Guard,
    field: &str,
    text: Option<&DurationText>,
    default: Duration,
) -> Result<SignedDuration, Finding> {
    let Some(text) = text else { return Ok(signed(default)) };
    text.parse().map(signed).map_err(|error| refuse(guard, format!("{field}: {error}; until then the answer is no")))
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

/// The point in time after so long, or the last one that can be written.
pub(super) fn after(start: Timestamp, length: SignedDuration) -> Timestamp {
    start.checked_add(length).unwrap_or(Timestamp::MAX)
}

/// A length of time as people say it: `2h5m`, `40s`.
pub(super) fn length(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}s"),
        (0, _) if seconds == 0 => format!("{minutes}m"),
        (0, _) => format!("{minutes}m{seconds}s"),
        (_, 0) => format!("{hours}h"),
        (_, _) => format!("{hours}h{minutes}m"),
    }
}

/// A point in time as people read it, to the second.
pub(super) fn at(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// A number of things: `1 gate`, `2 gates`.
pub(super) fn count(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
