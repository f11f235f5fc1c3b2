//! Opening a store.

use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::broadcast;

use crate::artifacts::Artifacts;
use crate::blobs;
use crate::chores::begin;
use crate::commands::CommandTable;
use crate::config::{BlobsConfig, DatabaseUrl, StoreConfig};
use crate::database::{Database, FILE, UNFINISHED};
use crate::executions::Executions;
use crate::logs::Logs;
use crate::open_error::OpenError;
use crate::removals::Removals;
use crate::reports::Reports;
use crate::retention::Kept;
use crate::runs::Runs;
use crate::space::Space;
use crate::store::{CHANGES, DatabaseFile, Inner, Store};

impl Store {
    /// Opens the store in a folder, or makes it: SQLite, and artifacts as files.
    ///
    /// # Errors
    /// When the folder cannot be used, is in use, or holds a damaged or newer database.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        Self::open_with(StoreConfig::folder(dir)).await
    }

    /// Opens the store that the configuration describes, or makes it.
    ///
    /// # Errors
    /// When the folder or the database cannot be used, is in use, or is damaged or newer.
    pub async fn open_with(config: StoreConfig) -> Result<Self, OpenError> {
        let dir = std::path::absolute(&config.dir).map_err(OpenError::Folder)?;
        let lock = own(&dir)?;
        let path = dir.join(FILE);
        let database = Database::open(&config.database, &path).await?;
        let identity = match config.database {
            DatabaseUrl::Sqlite => Some(identity(&path).map_err(OpenError::Folder)?),
            DatabaseUrl::Postgres(_) => None,
        };
        let space = Space::new(&dir, config.reserve);
        let runs = Runs { database: database.clone() };
        let removals = Removals::default();
        let artifacts = Artifacts {
            database: database.clone(),
            runs: runs.clone(),
            blobs: blobs::open(&config.blobs, &dir)?,
            space: (config.blobs == BlobsConfig::Folder).then(|| space.clone()),
            removals: removals.clone(),
            counter: Arc::default(),
        };
        let logs = Logs::new(dir.join("logs"), runs.clone(), space.clone());
        logs.clone().keep();
        let inner = Arc::new(Inner {
            executions: Executions { database: database.clone() },
            reports: Reports { database: database.clone() },
            commands: CommandTable { database: database.clone() },
            kept: Kept { database: database.clone() },
            file: DatabaseFile { path, identity },
            runs,
            artifacts,
            logs,
            space,
            removals,
            database,
            changes: broadcast::channel(CHANGES).0,
            asked: broadcast::channel(CHANGES).0,
            _lock: lock,
        });
        begin(&inner);
        Ok(Self { inner })
    }
}

/// Makes the folder ours for as long as the answer is held.
fn own(dir: &Path) -> Result<File, OpenError> {
    std::fs::create_dir_all(dir).map_err(OpenError::Folder)?;
    let lock = File::create(dir.join("lock")).map_err(OpenError::Folder)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
        Err(TryLockError::Error(error)) => return Err(OpenError::Folder(error)),
    }
    if dir.join(UNFINISHED).exists() {
        return Err(OpenError::Damaged("the folder is a copy that was never finished: copy again".to_owned()));
    }
    Ok(lock)
}

/// By what a file is known even when another one takes its name.
pub(crate) fn identity(path: &PathBuf) -> std::io::Result<(u64, u64)> {
    std::fs::metadata(path).map(|meta| (meta.dev(), meta.ino()))
}
