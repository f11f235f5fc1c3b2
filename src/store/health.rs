//! Whether a store can do its work, and if not, why.

use std::io;

use crate::disposition::{Disposition, of_database, of_disk};
use crate::space::{DiskSpace, FullError};

/// What keeps a store from its work.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The database does not answer.
    #[error("the database of the store did not answer")]
    Database(#[from] sqlx::Error),
    /// The file of the database is not the one that was opened.
    #[error(
        "the database file of the store was removed or replaced while it was open: restart to open what is there now"
    )]
    Gone,
    /// The disk cannot be looked at.
    #[error("the disk of the store cannot be looked at")]
    Disk(#[from] io::Error),
    /// Nothing can be written.
    #[error(
        "the disk of the store is read-only ({free} bytes free): its file system, or how it is mounted, must be repaired"
    )]
    ReadOnly {
        /// Bytes that are free.
        free: u64,
    },
    /// Logs and artifacts are refused for want of room.
    #[error(transparent)]
    Full(#[from] FullError),
}

impl HealthError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Database(error) => of_database(error),
            Self::Disk(error) => of_disk(error),
            Self::Full(_) => Disposition::Transient,
            Self::Gone | Self::ReadOnly { .. } => Disposition::Stalled,
        }
    }

    /// Whether what is kept can still be read.
    pub fn is_readable(&self) -> bool {
        matches!(self, Self::ReadOnly { .. } | Self::Full(_))
    }
}

/// The longest piece of a log: with less room than for one, some are refused.
const PIECE: u64 = 1024 * 1024;

/// What a disk keeps a store from.
pub(crate) fn judge(disk: &DiskSpace) -> Result<(), HealthError> {
    if disk.read_only {
        return Err(HealthError::ReadOnly { free: disk.free });
    }
    if disk.free < disk.reserve.saturating_add(PIECE) { Err(disk.full().into()) } else { Ok(()) }
}
