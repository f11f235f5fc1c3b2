//! Reading a group's spool behind its writer, and clearing away what the
//! server has.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use assay_protocol::control::segment_name;
use assay_protocol::frame;
use bytes::Bytes;

use crate::control_dir::open_plain;

/// A piece of the stream is at most so long; several frames of any size fit.
const BATCH_BYTES: usize = 256 * 1024;

/// The reading end of a spool.
#[derive(Debug)]
pub(super) struct Tail {
    dir: PathBuf,
    /// Stream offset of the next byte to send.
    position: u64,
    open: Option<Segment>,
}

#[derive(Debug)]
struct Segment {
    start: u64,
    file: File,
}

impl Tail {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, position: 0, open: None }
    }

    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The next whole frames, if there are any.
    ///
    /// # Errors
    /// When the spool cannot be read, or holds something else than frames.
    pub(super) fn read(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if self.open.is_none() && !self.find()? {
                return Ok(None);
            }
            let Some(segment) = &self.open else { return Ok(None) };
            let batch = read_frames(segment, self.position)?;
            if !batch.is_empty() {
                return Ok(Some(batch));
            }
            if !self.step_over()? {
                return Ok(None);
            }
        }
    }

    /// The server has the stream up to here.
    pub(super) fn acknowledge(&mut self, position: u64) {
        if position < self.position {
            self.open = None;
        }
        self.position = position;
    }

    /// Goes to the next segment if this one is finished, which its existence says.
    fn step_over(&mut self) -> io::Result<bool> {
        let Some(segment) = &self.open else { return Ok(false) };
        if segment.start == self.position {
            return Ok(false);
        }
        let next = match open_plain(&self.dir.join(segment_name(self.position))) {
            Ok(file) => Segment { start: self.position, file },
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        // Between two looks the old segment may have grown to its end; only
        // then does the next one begin where we stand.
        let old = self.open.replace(next);
        if let Some(old) = old {
            let _ = std::fs::remove_file(self.dir.join(segment_name(old.start)));
        }
        Ok(true)
    }

    /// Finds the segment that holds the position, and removes those before it.
    fn find(&mut self) -> io::Result<bool> {
        let starts = starts(&self.dir);
        let Some(start) = starts.iter().copied().filter(|start| *start <= self.position).max() else {
            if starts.is_empty() {
                return Ok(false);
            }
            return Err(io::Error::other("the server lost log that it had, and the pod no longer has it"));
        };
        for old in starts.into_iter().filter(|old| *old < start) {
            let _ = std::fs::remove_file(self.dir.join(segment_name(old)));
        }
        self.open = Some(Segment { start, file: open_plain(&self.dir.join(segment_name(start)))? });
        Ok(true)
    }
}

/// Makes room in a spool that nobody will send any more.
pub(super) fn clear(dir: &Path) {
    let starts = starts(dir);
    let newest = starts.iter().copied().max();
    for start in starts.into_iter().filter(|start| Some(*start) != newest) {
        let _ = std::fs::remove_file(dir.join(segment_name(start)));
    }
}

fn starts(dir: &Path) -> Vec<u64> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

fn read_frames(segment: &Segment, position: u64) -> io::Result<Bytes> {
    let at = position - segment.start;
    let waiting = segment.file.metadata()?.len().saturating_sub(at);
    let mut bytes = vec![0; usize::try_from(waiting).unwrap_or(BATCH_BYTES).min(BATCH_BYTES)];
    let length = segment.file.read_at(&mut bytes, at)?;
    let whole = frame::whole_frames(&bytes[..length]).map_err(io::Error::other)?;
    bytes.truncate(whole);
    Ok(bytes.into())
}
