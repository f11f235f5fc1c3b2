//! What a store does by itself, beside everything else, until it is dropped.
//!
//! A chore holds parts of the store only while it works: the folder is free once
//! the store is dropped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use crate::artifacts::{Artifacts, FOLDER};
use crate::copy::{blocking, unfinished_uploads};
use crate::logs::{Logs, ReadError};
use crate::removals::Removals;
use crate::retention::Kept;
use crate::store::Inner;

/// How often what a crash left behind is looked for.
const SWEEP: Duration = Duration::from_secs(6 * 3600);
/// Age from which a log or an artifact without a record is what a crash left behind.
const ORPHAN: Duration = Duration::from_secs(3600);
/// How often logs are archived.
const ARCHIVE: Duration = Duration::from_secs(10 * 60);
/// Time after the conclusion in which a late piece of a log may still come.
const LATE: Duration = Duration::from_secs(10 * 60);

/// Begins the chores of a store.
pub(crate) fn begin(store: &Arc<Inner>) {
    tokio::spawn(sweep(Arc::downgrade(store)));
    tokio::spawn(archive(Arc::downgrade(store)));
}

async fn sweep(store: Weak<Inner>) {
    while let Some(chores) = store.upgrade().map(|inner| Chores::of(&inner)) {
        let before = SystemTime::now() - ORPHAN;
        match chores.artifacts(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "artifacts without a record were removed"),
            Err(error) => tracing::warn!(%error, "artifacts without a record were not looked for"),
        }
        match chores.logs(before).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "logs without a record were removed"),
            Err(error) => tracing::warn!(%error, "logs without a record were not looked for"),
        }
        drop(chores);
        tokio::time::sleep(SWEEP).await;
    }
}

async fn archive(store: Weak<Inner>) {
    while let Some(chores) = store.upgrade().map(|inner| Chores::of(&inner)) {
        match chores.archive(Timestamp::now() - LATE).await {
            Ok(archived) => tracing::debug!(archived, "logs were archived"),
            Err(error) => tracing::warn!(%error, "logs were not archived"),
        }
        drop(chores);
        tokio::time::sleep(ARCHIVE).await;
    }
}

/// The parts of a store that its chores need.
pub(crate) struct Chores {
    artifacts: Artifacts,
    logs: Logs,
    kept: Kept,
    removals: Removals,
    /// Where artifacts lie, when they are files.
    folder: Option<PathBuf>,
}

impl Chores {
    pub(crate) fn of(inner: &Inner) -> Self {
        let dir = inner.file.path.parent().filter(|_| inner.artifacts.space.is_some());
        Self {
            artifacts: inner.artifacts.clone(),
            logs: inner.logs.clone(),
            kept: inner.kept.clone(),
            removals: inner.removals.clone(),
            folder: dir.map(|dir| dir.join(FOLDER)),
        }
    }

    /// Removes artifacts from before a moment that nothing names.
    pub(crate) async fn artifacts(&self, before: SystemTime) -> Result<u64, crate::ArtifactError> {
        let mut removed = self.artifacts.sweep(before).await?;
        if let Some(folder) = self.folder.clone() {
            let done = blocking(move || remove_uploads(&folder, before)).await;
            removed += done.map_err(|error| object_store::Error::Generic { store: "folder", source: error.into() })?;
        }
        Ok(removed)
    }

    /// Removes logs older than `before` whose execution is not known.
    pub(crate) async fn logs(&self, before: SystemTime) -> Result<u64, ReadError> {
        let mut removed = 0;
        for uid in self.logs.older(before).await? {
            if self.kept.knows(&uid).await? {
                continue;
            }
            let _allowed = self.removals.allowed().await;
            self.logs.remove(&uid).await?;
            removed += 1;
        }
        Ok(removed)
    }

    /// Archives the logs of executions that ended before a moment. What is not archived yet is seen on the disk,
    /// so that nothing is passed over: no late conclusion, no late piece, and nothing that failed the last time.
    pub(crate) async fn archive(&self, before: Timestamp) -> Result<u64, ReadError> {
        let mut archived = 0;
        for uid in self.logs.plain().await? {
            if !self.kept.ended(&uid, before).await? {
                continue;
            }
            // The file that an archive replaces may be about to be copied.
            let _allowed = self.removals.allowed().await;
            match self.logs.archive(&uid).await {
                Ok(logs) => archived += logs,
                Err(error) => tracing::warn!(%error, uid, "a log was not archived"),
            }
        }
        Ok(archived)
    }
}

/// Removes uploads that were begun before a moment and never finished. Blocks.
fn remove_uploads(folder: &Path, before: SystemTime) -> std::io::Result<u64> {
    let mut removed = 0;
    for path in unfinished_uploads(folder)? {
        if std::fs::metadata(&path).and_then(|meta| meta.modified()).is_ok_and(|modified| modified < before) {
            std::fs::remove_file(&path)?;
            removed += 1;
        }
    }
    Ok(removed)
}
