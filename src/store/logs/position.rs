//! Where a reader stands in all streams of a run, as text that resumes it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Streams that a position may speak of.
const LANES: usize = 1024;

/// A place in the merged log of an execution. Its text is
/// `ATTEMPT/GROUP:OFFSET,GROUP:OFFSET`, for example `1/0:1234,999:88`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Infrastructure attempt whose log it is.
    pub attempt: u32,
    /// Bytes of each group's stream that lie behind the reader.
    pub offsets: BTreeMap<u16, u64>,
}

/// Why a text is not a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a position in a log reads like 1/0:1234,999:88")]
pub struct PositionError;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.attempt)?;
        for (index, (group, offset)) in self.offsets.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{group}:{offset}")?;
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, PositionError> {
        let (attempt, lanes) = text.split_once('/').ok_or(PositionError)?;
        let attempt = attempt.parse().map_err(|_| PositionError)?;
        let mut offsets = BTreeMap::new();
        for lane in lanes.split(',').filter(|lane| !lane.is_empty()) {
            let (group, offset) = lane.split_once(':').ok_or(PositionError)?;
            let group = group.parse().map_err(|_| PositionError)?;
            offsets.insert(group, offset.parse().map_err(|_| PositionError)?);
            if offsets.len() > LANES {
                return Err(PositionError);
            }
        }
        Ok(Self { attempt, offsets })
    }
}

#[cfg(test)]
mod tests {
    use super::{Position, PositionError};

    #[test]
    fn what_is_written_is_read() {
        for text in ["1/", "2/0:1234,999:88"] {
            assert_eq!(text.parse::<Position>().map(|position| position.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "0:1", "1/0", "1/x:1", "1/0:-1", "1/70000:1"] {
            assert_eq!(text.parse::<Position>(), Err(PositionError), "{text}");
        }
    }
}
