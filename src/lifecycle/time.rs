//! Arithmetic on points in time, and durations as people read them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// `at` plus `wait`; the end of time when that is beyond it.
pub(crate) fn after(at: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait).ok().and_then(|wait| at.checked_add(wait).ok()).unwrap_or(Timestamp::MAX)
}

/// The time from `start` to `end`; nothing when the clock went back.
pub(crate) fn between(start: Timestamp, end: Timestamp) -> Duration {
    Duration::try_from(end.duration_since(start)).unwrap_or(Duration::ZERO)
}

/// `at` without what is finer than a millisecond, so that a status does not
/// pretend to an exactness that nobody needs.
pub(crate) fn milliseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

/// A duration for people: `410ms`, `12.4s`, `3m05s`, `1h02m`.
pub(crate) fn text(duration: Duration) -> String {
    let whole = duration.as_secs();
    match whole {
        0 => format!("{}ms", duration.as_millis()),
        1..60 => format!("{whole}.{}s", duration.subsec_millis() / 100),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole % 3600 / 60),
    }
}

/// A limit for people, without a fraction: `20s`, `10m`, `1h30m`.
pub(crate) fn limit_text(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole == 0 {
        return format!("{}ms", duration.as_millis());
    }
    [(whole / 3600, "h"), (whole % 3600 / 60, "m"), (whole % 60, "s")]
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        for (milliseconds, short, limit) in [
            (410, "410ms", "410ms"),
            (12_449, "12.4s", "12s"),
            (59_999, "59.9s", "59s"),
            (185_000, "3m05s", "3m5s"),
            (3_720_000, "1h02m", "1h2m"),
            (5_400_000, "1h30m", "1h30m"),
        ] {
            let duration = Duration::from_millis(milliseconds);
            assert_eq!((text(duration).as_str(), limit_text(duration).as_str()), (short, limit));
        }
    }

    #[test]
    fn time_never_runs_backwards_or_over() {
        let now = Timestamp::from_second(1_000).expect("a time");
        assert_eq!(between(after(now, Duration::from_secs(5)), now), Duration::ZERO);
        assert_eq!(after(now, Duration::MAX), Timestamp::MAX);
    }
}
