//! Arithmetic on points in time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `at` plus `wait`; the end of time when that is beyond it.
pub(super) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// The time from `start` to `end`; nothing when the clock went back.
pub(super) fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}

/// `at` without what is finer than a millisecond: nobody needs it in a status.
pub(super) fn milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// The earlier of two times, of which either may be absent.
pub(super) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
