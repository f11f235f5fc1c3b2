//! Durations as people write them in manifests: `1h30m`, `45s`, `250ms`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration in manifest notation: one or more of `<n>h`, `<n>m`, `<n>s`,
/// `<n>ms`, largest unit first. Kept exactly as written, so that a manifest
/// reads back as it was; [`DurationText::parse`] gives the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DurationText(String);

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// The text is empty.
    #[error("must not be empty; write for example `90s` or `1h30m`")]
    Empty,
    /// A part is not a number followed by a unit.
    #[error("`{0}` must be numbers with units h, m, s or ms, for example `90s` or `1h30m`")]
    Syntax(String),
    /// The value does not fit.
    #[error("`{0}` is longer than a year")]
    TooLong(String),
}

const YEAR: Duration = Duration::from_secs(366 * 24 * 3600);

impl DurationText {
    /// A duration written as given; it is not checked until [`Self::parse`].
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value.
    ///
    /// # Errors
    /// When the text is empty, malformed, or longer than a year.
    pub fn parse(&self) -> Result<Duration, DurationError> {
        parse(self.0.trim())
    }
}

fn parse(text: &str) -> Result<Duration, DurationError> {
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    let syntax = || DurationError::Syntax(text.to_owned());
    let too_long = || DurationError::TooLong(text.to_owned());
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|n| *n > 0).ok_or_else(syntax)?;
        let number: u64 = rest[..digits].parse().map_err(|_| too_long())?;
        rest = &rest[digits..];
        let unit_length = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let milliseconds = match &rest[..unit_length] {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(syntax()),
        };
        rest = &rest[unit_length..];
        let part = number.checked_mul(milliseconds).map(Duration::from_millis).ok_or_else(too_long)?;
        total = total.checked_add(part).filter(|sum| *sum <= YEAR).ok_or_else(too_long)?;
    }
    Ok(total)
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

#[cfg(feature = "crd")]
impl schemars::JsonSchema for DurationText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "maxLength": 32,
            "pattern": "^([0-9]+(h|ms|m|s))+$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, milliseconds) in
            [("90s", 90_000), ("1h30m", 5_400_000), ("250ms", 250), ("1m1s1ms", 61_001), ("0s", 0), (" 5s ", 5_000)]
        {
            assert_eq!(DurationText::new(text).parse(), Ok(Duration::from_millis(milliseconds)), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in ["", "5", "s", "5 s", "-5s", "1.5s", "5d", "99999999999999999999s", "9999999h"] {
            assert!(DurationText::new(text).parse().is_err(), "{text}");
        }
    }
}
