//! Numbers as report writers print them.

/// A duration longer than this (about three years) is a mistake of the writer.
const LONGEST: f64 = 1e8;

/// Seconds from an attribute. `None`: nothing usable is written there.
/// The flag says that something odd is.
pub(super) fn seconds(raw: &str) -> (Option<f64>, bool) {
    let text = raw.trim();
    if text.is_empty() {
        return (None, false);
    }
    let (digits, unit) = unit(text);
    let value = if digits.contains(':') { clock(digits) } else { plain(digits).map(|value| value * unit) };
    value.map_or((None, true), bounded)
}

/// Seconds, if so many make sense; the flag says that they do not.
pub(super) fn bounded(value: f64) -> (Option<f64>, bool) {
    match value {
        value if !value.is_finite() || value > LONGEST => (None, true),
        value if value < 0.0 => (Some(0.0), true),
        // Adding nothing turns a negative zero into a plain one.
        value => (Some(value + 0.0), false),
    }
}

/// A count from a number; negative and fractional ones are none.
pub(super) fn whole(value: f64) -> Option<u32> {
    (value >= 0.0 && value.fract() == 0.0).then(|| value.min(f64::from(u32::MAX)) as u32)
}

/// A count from an attribute; negative, fractional and other ones are none.
pub(super) fn count(raw: &str) -> Option<u32> {
    let digits: String = raw.trim().chars().filter(|c| *c != ',' && *c != '_').collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u32::MAX))
}

fn unit(text: &str) -> (&str, f64) {
    for (suffix, factor) in
        [("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("secs", 1.0), ("sec", 1.0), ("s", 1.0)]
    {
        if let Some(digits) = text.strip_suffix(suffix) {
            return (digits.trim_end(), factor);
        }
    }
    (text, 1.0)
}

/// `[hours:]minutes:seconds`.
fn clock(text: &str) -> Option<f64> {
    let parts: Vec<f64> = text.split(':').map(plain).collect::<Option<_>>()?;
    (parts.len() <= 3).then(|| parts.iter().fold(0.0, |sum, part| sum * 60.0 + part))
}

/// A number with a point or a comma before the fraction, and perhaps the
/// other one, an apostrophe or a blank between thousands.
fn plain(text: &str) -> Option<f64> {
    let mut text: String =
        text.chars().filter(|c| !matches!(c, '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '_')).collect();
    let commas = text.matches(',').count();
    match (text.rfind(','), text.rfind('.')) {
        (Some(comma), Some(point)) if comma > point => text = text.replace('.', "").replace(',', "."),
        (Some(_), None) if commas == 1 => text = text.replace(',', "."),
        (Some(_), _) => text = text.replace(',', ""),
        (None, _) => {}
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (raw, want) in [
            ("0.5", (Some(0.5), false)),
            (" 12 ", (Some(12.0), false)),
            ("", (None, false)),
            ("0,005", (Some(0.005), false)),
            ("1,234.567", (Some(1234.567), false)),
            ("1.234,567", (Some(1234.567), false)),
            ("1,234,567", (Some(1_234_567.0), false)),
            ("1'234.5", (Some(1234.5), false)),
            ("1 234,5", (Some(1234.5), false)),
            ("-0.001", (Some(0.0), true)),
            ("-0", (Some(0.0), false)),
            ("NaN", (None, true)),
            ("inf", (None, true)),
            ("1e-3", (Some(0.001), false)),
            ("1e300", (None, true)),
            ("9.5E-4", (Some(0.00095), false)),
            ("250ms", (Some(0.25), false)),
            ("3 s", (Some(3.0), false)),
            ("00:01:02.5", (Some(62.5), false)),
            ("1:2:3:4", (None, true)),
            ("<<computed>>", (None, true)),
            ("soon", (None, true)),
        ] {
            let (value, odd) = seconds(raw);
            let same = match (value, want.0) {
                (Some(value), Some(want)) => (value - want).abs() < 1e-9,
                (value, want) => value == want,
            };
            assert!(same && odd == want.1, "{raw}: {value:?} {odd}");
        }
    }

    #[test]
    fn counts() {
        for (raw, want) in [
            ("3", Some(3)),
            (" 1,024 ", Some(1024)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("99999999999999", Some(u32::MAX)),
        ] {
            assert_eq!(count(raw), want, "{raw}");
        }
    }
}
