//! Log frames. A group's output is one append-only stream of frames: spooled,
//! sent, stored and read back as the very same bytes, so that a position in the
//! stream is all that sender and server need to agree on.
//!
//! A frame is a fixed header of [`HEADER_BYTES`] bytes, little-endian, followed
//! by its payload.
//!
//! | bytes | field |
//! |---|---|
//! | 1 | mark `0xA5` |
//! | 1 | [`Stream`] |
//! | 2 | step |
//! | 2 | attempt |
//! | 2 | length of the payload minus 0, at most 65,535 |
//! | 8 | realtime clock in nanoseconds since 1970 |
//! | 8 | offset of the payload in its (step, attempt, stream) |

/// Bytes before the payload.
pub const HEADER_BYTES: usize = 24;
/// Longest payload.
pub const PAYLOAD_LIMIT: usize = 60 * 1024;
const MARK: u8 = 0xA5;

/// Where output came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The step's standard output.
    Stdout,
    /// The step's standard error.
    Stderr,
    /// What the runner itself says: what starts, why something was skipped.
    Runner,
    /// Output that could not be kept; the payload says how much.
    Gap,
}

impl Stream {
    const fn code(self) -> u8 {
        match self {
            Self::Stdout => 1,
            Self::Stderr => 2,
            Self::Runner => 3,
            Self::Gap => 4,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Stdout,
            2 => Self::Stderr,
            3 => Self::Runner,
            4 => Self::Gap,
            _ => return None,
        })
    }

    /// The word as it stands in REST answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Runner => "runner",
            Self::Gap => "gap",
        }
    }
}

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where the payload came from.
    pub stream: Stream,
    /// Step that printed it.
    pub step: u16,
    /// Attempt of that step, counted from 1.
    pub attempt: u16,
    /// When it was read from the process, in nanoseconds since 1970.
    pub time_ns: u64,
    /// Offset of the payload's first byte within (step, attempt, stream).
    pub offset: u64,
}

/// A frame as it lies in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: Header,
    /// The bytes that were printed.
    pub payload: &'a [u8],
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The buffer ends before the frame does.
    #[error("the frame is not complete")]
    Incomplete,
    /// The bytes are something else.
    #[error("the bytes are not a log frame")]
    NotAFrame,
}

/// Appends a frame to `out`.
///
/// # Panics
/// When the payload is longer than [`PAYLOAD_LIMIT`]; callers split at it.
pub fn encode(header: Header, payload: &[u8], out: &mut Vec<u8>) {
    assert!(payload.len() <= PAYLOAD_LIMIT, "a payload is split before it is encoded");
    let length = u16::try_from(payload.len()).expect("the limit is below 65,536");
    out.reserve(HEADER_BYTES + payload.len());
    out.extend_from_slice(&[MARK, header.stream.code()]);
    out.extend_from_slice(&header.step.to_le_bytes());
    out.extend_from_slice(&header.attempt.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&header.time_ns.to_le_bytes());
    out.extend_from_slice(&header.offset.to_le_bytes());
    out.extend_from_slice(payload);
}

/// Reads the frame at the start of `bytes`, and how many bytes it takes.
///
/// # Errors
/// When the buffer is too short, or does not begin with a frame.
pub fn decode(bytes: &[u8]) -> Result<(Frame<'_>, usize), FrameError> {
    let Some(head) = bytes.first_chunk::<HEADER_BYTES>() else {
        return Err(if bytes.first().is_none_or(|mark| *mark == MARK) {
            FrameError::Incomplete
        } else {
            FrameError::NotAFrame
        });
    };
    let stream = Stream::from_code(head[1]).filter(|_| head[0] == MARK).ok_or(FrameError::NotAFrame)?;
    let length = usize::from(u16::from_le_bytes([head[6], head[7]]));
    let end = HEADER_BYTES + length;
    let payload = bytes.get(HEADER_BYTES..end).ok_or(FrameError::Incomplete)?;
    let header = Header {
        stream,
        step: u16::from_le_bytes([head[2], head[3]]),
        attempt: u16::from_le_bytes([head[4], head[5]]),
        time_ns: u64_at(head, 8),
        offset: u64_at(head, 16),
    };
    Ok((Frame { header, payload }, end))
}

fn u64_at(head: &[u8; HEADER_BYTES], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&head[at..at + 8]);
    u64::from_le_bytes(bytes)
}

/// Length of the longest prefix of `bytes` that holds whole frames only.
///
/// # Errors
/// When something in the prefix is not a frame.
pub fn whole_frames(bytes: &[u8]) -> Result<usize, FrameError> {
    let mut end = 0;
    loop {
        match decode(&bytes[end..]) {
            Ok((_, length)) => end += length,
            Err(FrameError::Incomplete) => return Ok(end),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(step: u16, offset: u64) -> Header {
        Header { stream: Stream::Stderr, step, attempt: 2, time_ns: 1_700_000_000_123_456_789, offset }
    }

    #[test]
    fn what_is_written_is_read() {
        let mut bytes = Vec::new();
        encode(header(7, 40), b"hello\n", &mut bytes);
        encode(header(8, 0), b"", &mut bytes);
        let (first, length) = decode(&bytes).expect("a frame");
        assert_eq!(first, Frame { header: header(7, 40), payload: b"hello\n" });
        let (second, rest) = decode(&bytes[length..]).expect("a frame");
        assert_eq!(second.payload, b"");
        assert_eq!(length + rest, bytes.len());
    }

    #[test]
    fn a_torn_tail_is_incomplete_and_noise_is_not_a_frame() {
        let mut bytes = Vec::new();
        encode(header(1, 0), b"one", &mut bytes);
        let whole = bytes.len();
        encode(header(1, 3), b"two", &mut bytes);
        for cut in whole..bytes.len() {
            assert_eq!(whole_frames(&bytes[..cut]), Ok(whole), "cut at {cut}");
        }
        assert_eq!(whole_frames(b"not a frame at all, but long enough"), Err(FrameError::NotAFrame));
    }
}
