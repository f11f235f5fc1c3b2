//! Room on the disk of the store, and what of it is not given away.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{StatVfsMountFlags, statvfs};

/// The reserve of a large disk.
const RESERVE: u64 = 64 * 1024 * 1024;
/// The reserve of a small one is this part of it.
const PART: u64 = 100;
/// What was seen holds for so long, and for so many bytes more.
const SEEN: Duration = Duration::from_secs(1);
const ALLOWANCE: u64 = 16 * 1024 * 1024;

/// The disk that the store's folder lies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// Bytes that may still be written.
    pub free: u64,
    /// Bytes of the whole disk.
    pub total: u64,
    /// Bytes that logs and artifacts leave to the records.
    pub reserve: u64,
    /// Whether nothing can be written at all.
    pub read_only: bool,
}

/// The disk is as good as full: logs and artifacts are refused, so that records
/// can still be written. Whoever sends them keeps them and tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the disk of the store has {free} of {total} bytes free and {reserve} are reserved for records: \
     enlarge the volume, or keep less by retention"
)]
pub struct FullError {
    /// Bytes that are free.
    pub free: u64,
    /// Bytes of the whole disk.
    pub total: u64,
    /// Bytes that are reserved.
    pub reserve: u64,
}

/// Watches the disk of a folder. Clones share what was seen.
#[derive(Clone, Debug)]
pub(crate) struct Space {
    dir: PathBuf,
    reserve: Option<u64>,
    seen: Arc<Mutex<Option<Seen>>>,
}

/// How much may be given away before the disk is looked at again.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: Instant,
    left: u64,
}

impl Space {
    pub(crate) fn new(dir: &Path, reserve: Option<u64>) -> Self {
        Self { dir: dir.to_owned(), reserve, seen: Arc::default() }
    }

    /// Looks at the disk. Blocks.
    pub(crate) fn look(&self) -> io::Result<DiskSpace> {
        let disk = statvfs(&self.dir)?;
        let total = disk.f_blocks.saturating_mul(disk.f_frsize);
        Ok(DiskSpace {
            free: disk.f_bavail.saturating_mul(disk.f_frsize),
            total,
            reserve: self.reserve.unwrap_or_else(|| RESERVE.min(total / PART)),
            read_only: disk.f_flag.contains(StatVfsMountFlags::RDONLY),
        })
    }

    /// Whether so many bytes may be written; an error of kind `StorageFull`
    /// when they may not. Rarely blocks, and then for one system call.
    pub(crate) fn claim(&self, bytes: u64) -> io::Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.as_mut().filter(|seen| seen.left >= bytes && seen.at.elapsed() < SEEN) {
            seen.left -= bytes;
            return Ok(());
        }
        let disk = self.look()?;
        let Some(left) = disk.free.checked_sub(disk.reserve.saturating_add(bytes)) else {
            *seen = None;
            return Err(io::Error::new(io::ErrorKind::StorageFull, disk.full()));
        };
        // A part of what is left: others write to the disk, too.
        *seen = Some(Seen { at: Instant::now(), left: ALLOWANCE.min(left / 4) });
        Ok(())
    }
}

impl DiskSpace {
    pub(crate) fn full(&self) -> FullError {
        FullError { free: self.free, total: self.total, reserve: self.reserve }
    }
}

#[cfg(test)]
mod tests {
    use super::Space;

    #[test]
    fn what_is_reserved_is_not_given_away() {
        let dir = tempfile::tempdir().expect("a folder");
        let disk = Space::new(dir.path(), None).look().expect("looked");
        assert!(disk.free > 0 && disk.total >= disk.free && disk.reserve <= 64 * 1024 * 1024);
        let generous = Space::new(dir.path(), Some(0));
        generous.claim(1).expect("there is room");
        let miser = Space::new(dir.path(), Some(disk.total));
        let error = miser.claim(0).expect_err("nothing is to be had");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
        assert!(error.to_string().contains(&format!("{} are reserved", disk.total)), "{error}");
    }
}
