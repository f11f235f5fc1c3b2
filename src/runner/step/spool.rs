//! The spool of a group: append-only segments, named by the stream offset of
//! their first byte, that the leader reads and deletes.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use assay_protocol::control::{SEGMENT_BYTES, SEGMENT_LIMIT, segment_name};

/// Segments beyond the limit that an ended process may still fill.
const RESERVE: usize = 8;

/// The writing end of a spool.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    dir: PathBuf,
    offset: u64,
    open: Option<Segment>,
    limit: usize,
    waiting: usize,
}

#[derive(Debug)]
struct Segment {
    file: File,
    length: u64,
}

impl SpoolWriter {
    /// A spool in `dir`; `bounded` when somebody deletes what was sent.
    pub(super) fn new(dir: PathBuf, bounded: bool) -> Self {
        let limit = if bounded { SEGMENT_LIMIT } else { usize::MAX - RESERVE };
        Self { dir, offset: 0, open: None, limit, waiting: 0 }
    }

    /// Bytes written so far.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether output is to be held back until the leader has sent some.
    pub(super) fn is_full(&self) -> bool {
        self.waiting >= self.limit
    }

    /// Looks again how many segments wait to be sent.
    pub(super) fn recount(&mut self) {
        self.waiting = std::fs::read_dir(&self.dir).map_or(0, Iterator::count);
    }

    /// Appends whole frames. Nothing is left behind when it fails.
    pub(super) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        if self.waiting >= self.limit + RESERVE {
            return Err(io::Error::other("the spool is full"));
        }
        let mut segment = match self.open.take() {
            Some(segment) => segment,
            None => self.begin_segment()?,
        };
        let written = segment.file.write_all(frames);
        if let Err(error) = written {
            // A torn frame would make the rest of the stream unreadable.
            segment.file.set_len(segment.length)?;
            self.open = Some(segment);
            return Err(error);
        }
        let added = frames.len() as u64;
        segment.length += added;
        self.offset += added;
        if segment.length < SEGMENT_BYTES {
            self.open = Some(segment);
        }
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<Segment> {
        let path = self.dir.join(segment_name(self.offset));
        let file = File::options().append(true).create(true).open(path)?;
        file.set_permissions(Permissions::from_mode(0o644))?;
        self.recount();
        Ok(Segment { length: file.metadata()?.len(), file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_follow_each_other_without_a_hole() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut spool = SpoolWriter::new(dir.path().to_owned(), true);
        let piece = vec![7; 1_500_000];
        for _ in 0..7 {
            spool.append(&piece).expect("space");
        }
        let mut segments: Vec<_> = std::fs::read_dir(dir.path()).expect("a folder").flatten().collect();
        segments.sort_by_key(std::fs::DirEntry::file_name);
        let mut offset = 0;
        for segment in &segments {
            assert_eq!(segment.file_name().to_str(), Some(segment_name(offset).as_str()));
            offset += segment.metadata().expect("a file").len();
        }
        assert_eq!((offset, segments.len()), (spool.offset(), 3));
        assert!(!spool.is_full());
    }
}
