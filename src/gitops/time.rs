//! Arithmetic on points in time, and durations as people read them.

use std::time::Duration;

use assay_api::DurationText;
use jiff::{SignedDuration, Timestamp};

/// `at` plus `wait`; the end of time when that is beyond it.
pub(crate) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// `at` without what is finer than a second: Git and conditions know no more.
pub(crate) fn seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// `at` without what is finer than a millisecond.
pub(crate) fn milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// The time from `start` to `end`; nothing when the clock went back.
pub(crate) fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}

/// The earlier of two times, of which either may be absent.
pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// A duration of the policy. One that cannot be read counts as absent: admission refuses it.
pub(crate) fn of_policy(text: Option<&DurationText>, otherwise: Duration) -> Duration {
    text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// A duration for people, with all of its seconds: `45s`, `1m32s`, `2h0m5s`.
pub(crate) fn text(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0..60 => format!("{whole}s"),
        60..3600 => format!("{}m{}s", whole / 60, whole % 60),
        _ => format!("{}h{}m{}s", whole / 3600, whole % 3600 / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (seconds, words) in [(0, "0s"), (45, "45s"), (92, "1m32s"), (7205, "2h0m5s")] {
            assert_eq!(text(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn time_never_runs_backwards_or_over() {
        let now = Timestamp::from_second(1_000).unwrap();
        assert_eq!(between(after(now, Duration::from_secs(5)), now), Duration::ZERO);
        assert_eq!(after(now, Duration::MAX), Timestamp::MAX);
        assert_eq!(of_policy(Some(&DurationText::new("soon")), Duration::from_secs(7)), Duration::from_secs(7));
    }
}
