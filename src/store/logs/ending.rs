//! The end of a log file.

/// Bytes that an ending has at least, when there are so many.
pub(super) const ENDING_BYTES: u64 = 64 * 1024;

/// The end of a file.
#[derive(Debug, Default)]
pub(super) struct Ending {
    /// Whole frames up to the end.
    pub(super) bytes: Vec<u8>,
    /// Bytes that were printed in the whole file.
    pub(super) payload: u64,
}
