//! One log file: appended by offset, its length is what is acknowledged.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::archive::{Archive, pack};
use super::ending::{ENDING_BYTES, Ending};
use super::source::archive_of;
use super::walk::walk;
use crate::disposition::{Disposition, of_disk};
use crate::record::RecordError;
use crate::space::Space;

/// Bytes read at once when a file of an earlier process is opened.
const SCAN_BYTES: usize = 1024 * 1024;

/// Why a piece of a log was not appended.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Bytes before it are missing: send from `acknowledged`.
    #[error("the log is only held up to byte {acknowledged}")]
    Gap {
        /// Bytes that the store holds.
        acknowledged: u64,
    },
    /// The piece is not a run of whole frames, or cuts through a frame already held.
    #[error("the piece does not consist of whole log frames")]
    NotFrames,
    /// The disk did not take it, or has no room for it beside what is reserved.
    #[error("the log cannot be written")]
    Io(#[from] io::Error),
    /// The run is not one that may speak.
    #[error("the run of the log was refused")]
    Run(#[from] RecordError),
}

impl AppendError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Gap { .. } => Disposition::Transient,
            Self::NotFrames => Disposition::Stalled,
            Self::Io(error) => of_disk(error),
            Self::Run(error) => error.disposition(),
        }
    }
}

/// A log file, opened at its first use.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    state: Mutex<Option<Open>>,
    /// Nothing may be written any more: the execution is forgotten.
    retired: AtomicBool,
}

#[derive(Debug)]
struct Open {
    file: Arc<File>,
    length: u64,
    payload: u64,
    /// Frame boundaries near the end, the oldest first.
    marks: VecDeque<u64>,
    dirty: bool,
    used: Instant,
}

impl LogFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, state: Mutex::new(None), retired: AtomicBool::new(false) }
    }

    /// Makes sure that the file is not made again. Who appends at this moment is waited for.
    pub(super) fn retire(&self) {
        let _nobody = self.state();
        self.retired.store(true, Ordering::SeqCst);
    }

    /// Appends whole frames that begin at `offset` of the stream; what is
    /// already held is skipped. Gives the new length.
    pub(super) fn append(&self, offset: u64, bytes: &[u8], space: &Space) -> Result<u64, AppendError> {
        let all = walk(bytes);
        if all.end != bytes.len() {
            return Err(AppendError::NotFrames);
        }
        let mut state = self.state();
        if let Some(archive) = self.archived(state.as_ref())? {
            if offset + bytes.len() as u64 <= archive.length() {
                return Ok(archive.length());
            }
            self.unpack(&archive, space)?;
        }
        let open = self.opened(&mut state)?;
        let Some(held) = open.length.checked_sub(offset) else {
            return Err(AppendError::Gap { acknowledged: open.length });
        };
        let Some(fresh) = usize::try_from(held).ok().and_then(|held| bytes.get(held..)).filter(|rest| !rest.is_empty())
        else {
            return Ok(open.length);
        };
        let skipped = walk(&bytes[..bytes.len() - fresh.len()]);
        if skipped.end != bytes.len() - fresh.len() {
            return Err(AppendError::NotFrames);
        }
        space.claim(fresh.len() as u64)?;
        if let Err(error) = open.file.write_all_at(fresh, open.length) {
            // Part of it may be there: what is not acknowledged must not stay.
            open.file.set_len(open.length)?;
            return Err(error.into());
        }
        open.mark(fresh.len() as u64, all.payload - skipped.payload);
        Ok(open.length)
    }

    /// Bytes that are held.
    pub(super) fn length(&self) -> io::Result<u64> {
        let mut state = self.state();
        match self.archived(state.as_ref())? {
            Some(archive) => Ok(archive.length()),
            // What is only asked for is not made.
            None if state.is_none() && !self.path.exists() => Ok(0),
            None => Ok(self.opened(&mut state)?.length),
        }
    }

    /// Puts an archive in the place of the file. Whether there was something to do.
    pub(super) fn archive(&self) -> io::Result<bool> {
        let mut state = self.state();
        if !self.path.exists() {
            return Ok(false);
        }
        let open = self.opened(&mut state)?;
        if open.length == 0 {
            return Ok(false);
        }
        // Until the file is gone it is the log, and the archive is nothing.
        pack(&open.file, open.length, &archive_of(&self.path))?;
        std::fs::remove_file(&self.path)?;
        *state = None;
        Ok(true)
    }

    /// The archive that is in the place of the file, if there is one.
    fn archived(&self, open: Option<&Open>) -> io::Result<Option<Archive>> {
        if open.is_some() || self.path.exists() {
            return Ok(None);
        }
        match Archive::open(&archive_of(&self.path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            other => other.map(Some),
        }
    }

    /// Makes the file again, for a piece that came late.
    fn unpack(&self, archive: &Archive, space: &Space) -> io::Result<()> {
        space.claim(archive.length())?;
        let unfinished = self.path.with_extension("unpacking");
        let done = archive.unpack(&unfinished).and_then(|()| std::fs::rename(&unfinished, &self.path));
        if done.is_err() {
            // What cannot be removed is overwritten the next time.
            let _ = std::fs::remove_file(&unfinished);
        }
        done
    }

    /// The last frames, at least 64 KiB of them when there are so many.
    pub(super) fn ending(&self) -> io::Result<Ending> {
        let (file, from, length, payload) = {
            let mut state = self.state();
            if let Some(archive) = self.archived(state.as_ref())? {
                return archive.ending();
            }
            if state.is_none() && !self.path.exists() {
                return Ok(Ending::default());
            }
            let open = self.opened(&mut state)?;
            (Arc::clone(&open.file), open.marks.front().copied().unwrap_or(0), open.length, open.payload)
        };
        let size = usize::try_from(length - from).map_err(io::Error::other)?;
        let mut bytes = vec![0; size];
        file.read_exact_at(&mut bytes, from)?;
        Ok(Ending { bytes, payload })
    }

    /// Brings what was written to disk, without holding up the writer.
    pub(super) fn sync(&self) -> io::Result<()> {
        let file = match self.state().as_mut() {
            Some(open) if open.dirty => {
                open.dirty = false;
                Arc::clone(&open.file)
            }
            _ => return Ok(()),
        };
        file.sync_data().inspect_err(|_| {
            if let Some(open) = self.state().as_mut() {
                open.dirty = true;
            }
        })
    }

    /// Whether nobody used the file for so long.
    pub(super) fn idle(&self, limit: Duration) -> bool {
        self.state().as_ref().is_none_or(|open| !open.dirty && open.used.elapsed() > limit)
    }

    /// A panic while the lock was held leaves nothing half-done: the length is
    /// raised last.
    fn state(&self) -> MutexGuard<'_, Option<Open>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened<'a>(&self, state: &'a mut Option<Open>) -> io::Result<&'a mut Open> {
        let open = match state.take() {
            Some(open) => open,
            None if self.retired.load(Ordering::SeqCst) => return Err(io::ErrorKind::NotFound.into()),
            None => self.open()?,
        };
        let open = state.insert(open);
        open.used = Instant::now();
        Ok(open)
    }

    /// Opens the file and cuts off what a crash left behind the last whole frame.
    fn open(&self) -> io::Result<Open> {
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)?;
        let mut open = Open {
            file: Arc::new(file),
            length: 0,
            payload: 0,
            marks: VecDeque::from([0]),
            dirty: false,
            used: Instant::now(),
        };
        let size = open.file.metadata()?.len();
        let mut buffer = vec![0; SCAN_BYTES.min(usize::try_from(size).unwrap_or(SCAN_BYTES))];
        while open.length < size {
            let read = open.file.read_at(&mut buffer, open.length)?;
            let walk = walk(&buffer[..read]);
            open.mark(walk.end as u64, walk.payload);
            if walk.noise || walk.end == 0 {
                break;
            }
        }
        if open.length < size {
            tracing::warn!(cut = size - open.length, "a log ended in half a frame, which was cut off");
            open.file.set_len(open.length)?;
        }
        open.dirty = false;
        Ok(open)
    }
}

impl Open {
    /// Counts frames that were found or written at the end.
    fn mark(&mut self, bytes: u64, payload: u64) {
        self.length += bytes;
        self.payload += payload;
        self.dirty = true;
        if self.marks.back().is_none_or(|last| self.length - last >= ENDING_BYTES) {
            self.marks.push_back(self.length);
        }
        // The second mark may take over once it alone is far enough from the end.
        while self.marks.get(1).is_some_and(|second| self.length - second >= ENDING_BYTES) {
            self.marks.pop_front();
        }
    }
}
