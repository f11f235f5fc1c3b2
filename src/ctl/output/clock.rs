//! Times for people.

use jiff::Timestamp;

/// Time between two moments as kubectl writes ages: `5s`, `3m20s`, `2h`, `4d`.
pub(crate) fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(from.as_second()).max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 if seconds % 60 != 0 => format!("{minutes}m{}s", seconds % 60),
        120..10_800 => format!("{minutes}m"),
        10_800..28_800 if minutes % 60 != 0 => format!("{hours}h{}m", minutes % 60),
        10_800..172_800 => format!("{hours}h"),
        172_800..691_200 if hours % 24 != 0 => format!("{days}d{}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A length in milliseconds, for people: `250ms`, `1.5s`, `2m5s`, `1h2m`.
pub(crate) fn span(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let two = |large: u64, unit: &str, small: u64, part: &str| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{part}"),
    };
    match milliseconds {
        0..1000 => format!("{milliseconds}ms"),
        1000..60_000 => match milliseconds % 1000 / 100 {
            0 => format!("{seconds}s"),
            tenth => format!("{seconds}.{tenth}s"),
        },
        60_000..3_600_000 => two(seconds / 60, "m", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "m"),
    }
}

/// A size in bytes, for people.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let (mut value, mut unit) = (bytes / 102, 0);
    while value >= 10_240 && unit + 1 < UNITS.len() {
        value /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", value / 10, value % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_those_of_kubectl() {
        let from = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (125, "2m5s"),
            (600, "10m"),
            (10_799, "179m"),
            (10_800, "3h"),
            (11_000, "3h3m"),
            (28_800, "8h"),
            (172_799, "47h"),
            (172_800, "2d"),
            (180_000, "2d2h"),
            (900_000, "10d"),
        ] {
            assert_eq!(age(from, Timestamp::from_second(seconds).expect("a time")), expected, "{seconds}");
        }
        assert_eq!(age(Timestamp::from_second(9).expect("a time"), from), "0s");
    }

    #[test]
    fn spans() {
        for (milliseconds, expected) in [
            (0, "0ms"),
            (999, "999ms"),
            (1000, "1s"),
            (1550, "1.5s"),
            (60_000, "1m"),
            (125_000, "2m5s"),
            (3_600_000, "1h"),
            (5_400_000, "1h30m"),
            (86_400_000, "24h"),
        ] {
            assert_eq!(span(milliseconds), expected);
        }
    }

    #[test]
    fn sizes() {
        for (bytes, expected) in
            [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (3 << 30, "3.0 GiB")]
        {
            assert_eq!(size(bytes), expected);
        }
    }
}
