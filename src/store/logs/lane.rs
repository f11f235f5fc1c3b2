//! One stream of a merge: a file, a buffer of bounded size, and the next frame.

use std::io;
use std::sync::Arc;

use assay_protocol::frame::{FrameError, Header, decode};
use bytes::Bytes;

use super::source::Source;

/// Bytes read from a file at once: several times the longest frame.
pub const READ_BYTES: usize = 256 * 1024;

/// One group's stream.
#[derive(Debug)]
pub(super) struct Lane {
    source: Arc<Source>,
    /// Offset in the file of the first byte of `buffer`.
    offset: u64,
    buffer: Bytes,
    /// Bytes that the file is known to hold.
    length: u64,
    head: Head,
}

#[derive(Clone, Copy, Debug)]
enum Head {
    /// The buffer holds a frame: its header, and its length with it.
    Frame(Header, usize),
    /// It does not hold a whole one.
    None,
    /// What follows is not a frame; nothing more is read.
    Broken,
}

/// A wish for more bytes, to be granted away from the async threads.
#[derive(Debug)]
pub(super) struct Refill {
    source: Arc<Source>,
    rest: Bytes,
    end: u64,
}

impl Lane {
    pub(super) fn new(source: Source, offset: u64) -> Self {
        Self { source: Arc::new(source), offset, buffer: Bytes::new(), length: offset, head: Head::None }
    }

    /// Where it reads.
    pub(super) fn source(&self) -> Arc<Source> {
        Arc::clone(&self.source)
    }

    /// The same stream, read from elsewhere.
    pub(super) fn go_on_with(&mut self, source: Source) {
        self.source = Arc::new(source);
    }

    /// Says how much the file holds now; whether that is more than before.
    pub(super) fn grow(&mut self, length: u64) -> bool {
        let grown = length > self.length && !matches!(self.head, Head::Broken);
        self.length = self.length.max(length);
        grown
    }

    /// Whether bytes must be read before this lane can take part in the merge.
    pub(super) fn hungry(&self) -> bool {
        matches!(self.head, Head::None) && self.offset + (self.buffer.len() as u64) < self.length
    }

    /// When the next frame was printed.
    pub(super) fn next_time(&self) -> Option<u64> {
        match self.head {
            Head::Frame(header, _) => Some(header.time_ns),
            Head::None | Head::Broken => None,
        }
    }

    /// The step that printed the next frame.
    pub(super) fn next_step(&self) -> Option<u16> {
        match self.head {
            Head::Frame(header, _) => Some(header.step),
            Head::None | Head::Broken => None,
        }
    }

    /// Takes the next frame: header, payload, and the offset behind it.
    pub(super) fn pop(&mut self) -> Option<(Header, Bytes, u64)> {
        let Head::Frame(header, length) = self.head else { return None };
        let frame = self.buffer.split_to(length);
        self.offset += length as u64;
        self.look();
        Some((header, frame.slice(assay_protocol::frame::HEADER_BYTES..), self.offset))
    }

    pub(super) fn refill(&self) -> Refill {
        Refill {
            source: Arc::clone(&self.source),
            rest: self.buffer.clone(),
            end: self.offset + self.buffer.len() as u64,
        }
    }

    /// Takes what a refill brought. Nothing means that the file is shorter than
    /// it was said to be.
    pub(super) fn take(&mut self, bytes: Bytes) {
        if bytes.len() == self.buffer.len() {
            self.length = self.offset + bytes.len() as u64;
        }
        self.buffer = bytes;
        self.look();
    }

    fn look(&mut self) {
        self.head = match decode(&self.buffer) {
            Ok((frame, length)) => Head::Frame(frame.header, length),
            Err(FrameError::Incomplete) => Head::None,
            Err(FrameError::NotAFrame) => {
                tracing::warn!(offset = self.offset, "a log holds something that is not a frame");
                Head::Broken
            }
        };
    }
}

impl Refill {
    /// Reads; blocks.
    pub(super) fn read(self) -> io::Result<Bytes> {
        let kept = self.rest.len();
        let mut bytes = vec![0; kept + READ_BYTES];
        bytes[..kept].copy_from_slice(&self.rest);
        let read = loop {
            match self.source.read_at(&mut bytes[kept..], self.end) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        bytes.truncate(kept + read);
        Ok(Bytes::from(bytes))
    }
}
