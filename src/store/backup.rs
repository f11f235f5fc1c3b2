//! A copy of everything while the store goes on.
//!
//! As long as the copy is made, nothing is removed. Records are copied first, as
//! they were at one moment; artifacts and logs come after them, so whatever the
//! records speak of is there. The file of the records gets its name last.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use object_store::local::LocalFileSystem;

use crate::copy::{self, Copied};
use crate::database::{Database, Dialect, FILE, UNFINISHED};
use crate::disposition::{Disposition, of_blobs, of_database, of_disk};
use crate::store::Inner;
use crate::transfer::{self, TransferError};

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backup {
    /// Files of logs and artifacts.
    pub files: u64,
    /// Their bytes, and those of the records.
    pub bytes: u64,
}

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The folder holds something.
    #[error("the folder {0} is not empty: a copy needs one of its own")]
    Occupied(PathBuf),
    /// A file could not be read or written.
    #[error("a file of the copy cannot be made")]
    Folder(#[from] io::Error),
    /// The database did not give its records, or those could not be written.
    #[error("the records cannot be copied")]
    Records(#[from] sqlx::Error),
    /// The new database could not be made.
    #[error("the database of the copy cannot be made")]
    Transfer(#[from] TransferError),
    /// The blob store did not give its artifacts.
    #[error("the artifacts cannot be copied")]
    Blobs(#[from] object_store::Error),
}

impl BackupError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Occupied(_) => Disposition::Stalled,
            Self::Folder(error) => of_disk(error),
            Self::Records(error) => of_database(error),
            Self::Transfer(error) => error.disposition(),
            Self::Blobs(error) => of_blobs(error),
        }
    }
}

/// Whether a folder holds a whole copy: who was ended while copying leaves a part of one.
pub fn is_whole(folder: &Path) -> bool {
    folder.join(FILE).is_file()
}

/// Copies a store to an empty or new folder.
pub(crate) async fn back_up(inner: &Inner, target: &Path) -> Result<Backup, BackupError> {
    std::fs::create_dir_all(target)?;
    if std::fs::read_dir(target)?.next().is_some() {
        return Err(BackupError::Occupied(target.to_owned()));
    }
    let result = fill(inner, target).await;
    if result.is_err()
        && let Err(error) = std::fs::remove_dir_all(target)
    {
        tracing::warn!(%error, "an unfinished copy was not removed");
    }
    result
}

async fn fill(inner: &Inner, target: &Path) -> Result<Backup, BackupError> {
    let _suspended = inner.removals.suspended().await;
    let unfinished = target.join(UNFINISHED);
    copy_records(&inner.database, &unfinished).await?;
    let artifacts = match &inner.artifacts.space {
        Some(_) => tree(inner, "artifacts", target, copy::Way::Link).await?,
        None => {
            let place = LocalFileSystem::new_with_prefix(target)?;
            copy::blobs(&*inner.artifacts.blobs, &place).await?
        }
    };
    let logs = tree(inner, "logs", target, copy::Way::Copy).await?;
    let records = std::fs::metadata(&unfinished)?.len();
    let folder = target.to_owned();
    copy::blocking(move || {
        rustix::fs::syncfs(File::open(&folder)?)?;
        std::fs::rename(folder.join(UNFINISHED), folder.join(FILE))?;
        File::open(&folder)?.sync_all()
    })
    .await?;
    Ok(Backup { files: artifacts.files + logs.files, bytes: artifacts.bytes + logs.bytes + records })
}

async fn copy_records(database: &Database, file: &Path) -> Result<(), BackupError> {
    if database.dialect == Dialect::Postgres {
        return Ok(transfer::records(database, file).await?);
    }
    let name = file.to_str().ok_or_else(|| io::Error::other("the name of the folder is not UTF-8"))?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&database.readers).await?;
    Ok(())
}

async fn tree(inner: &Inner, name: &str, target: &Path, way: copy::Way) -> Result<Copied, io::Error> {
    let Some(dir) = inner.file.path.parent() else { return Ok(Copied::default()) };
    let (from, to) = (dir.join(name), target.join(name));
    copy::blocking(move || copy::tree(&from, &to, way)).await
}
