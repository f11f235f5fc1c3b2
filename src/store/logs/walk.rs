//! Hopping over frames without looking at what was printed.

use assay_protocol::frame::{FrameError, decode};

/// What a piece of a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Walk {
    /// Bytes that are whole frames.
    pub(super) end: usize,
    /// Bytes that were printed, within those.
    pub(super) payload: u64,
    /// Whether something that is not a frame follows.
    pub(super) noise: bool,
}

/// Walks over whole frames from the start of `bytes`.
pub(super) fn walk(bytes: &[u8]) -> Walk {
    let mut walk = Walk::default();
    loop {
        match decode(&bytes[walk.end..]) {
            Ok((frame, length)) => {
                walk.end += length;
                walk.payload += frame.payload.len() as u64;
            }
            Err(FrameError::Incomplete) => return walk,
            Err(FrameError::NotAFrame) => return Walk { noise: true, ..walk },
        }
    }
}
