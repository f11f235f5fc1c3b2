//! Looking after a store: health, retention, copies, the end.

use std::path::Path;

use jiff::Timestamp;
use object_store::path::Path as BlobPath;

use crate::backup::{Backup, BackupError, back_up};
use crate::health::{HealthError, judge};
use crate::logs::ReadError;
use crate::opening::identity;
use crate::record::{RecordError, is_uid};
use crate::retention::{Expired, KeptWorkflow, RetentionRule, Usage};
use crate::store::Store;

impl Store {
    /// Whether the store can do all of its work.
    ///
    /// # Errors
    /// What keeps it from that, in numbers where there are some.
    pub async fn healthy(&self) -> Result<(), HealthError> {
        let inner = &self.inner;
        if inner.file.identity.is_some() && identity(&inner.file.path).ok() != inner.file.identity {
            return Err(HealthError::Gone);
        }
        inner.database.healthy().await?;
        judge(&self.disk().await?)
    }

    /// Removes everything that is kept of an execution: records, then logs, then
    /// artifacts. Its runners are refused from then on. Whether it was known.
    ///
    /// # Errors
    /// When the database does not do it. What is left of logs and artifacts is
    /// removed later.
    pub async fn forget(&self, uid: &str) -> Result<bool, RecordError> {
        if !is_uid(uid) {
            return Err(RecordError::BadUid);
        }
        let inner = &self.inner;
        let _allowed = inner.removals.allowed().await;
        let blobs = inner.kept.forget(uid).await?;
        if let Err(error) = inner.logs.remove(uid).await {
            tracing::warn!(%error, "the log of an execution that is forgotten was not removed");
        }
        let known = blobs.is_some();
        inner.artifacts.discard(blobs.into_iter().flatten().map(BlobPath::from).collect()).await;
        Ok(known)
    }

    /// Executions that a rule need not keep, the oldest first, at most 500.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn expired(&self, rule: &RetentionRule, now: Timestamp) -> Result<Vec<Expired>, RecordError> {
        self.inner.kept.expired(rule, now).await
    }

    /// Every workflow of which an execution is kept, in order of names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn workflows(&self) -> Result<Vec<KeptWorkflow>, RecordError> {
        self.inner.kept.workflows().await
    }

    /// How much is kept, and how much room there is. Looks at every log file.
    ///
    /// # Errors
    /// When the database or the disk does not answer.
    pub async fn usage(&self) -> Result<Usage, ReadError> {
        let log_bytes = self.inner.logs.bytes().await?;
        Ok(self.inner.kept.usage(log_bytes, self.disk().await?).await?)
    }

    /// Copies everything to a folder, consistent in itself, while the store goes
    /// on. The copy opens with [`Store::open`], wherever the records and
    /// artifacts came from.
    ///
    /// # Errors
    /// When the folder is not empty, or something cannot be read or written;
    /// then nothing is left in it.
    pub async fn backup(&self, target: &Path) -> Result<Backup, BackupError> {
        back_up(&self.inner, target).await
    }

    /// Brings everything to disk and closes the database. Optional: a store that
    /// is only dropped, or killed, opens again just as well.
    pub async fn close(&self) {
        self.inner.logs.sync().await;
        self.inner.database.close().await;
    }

    async fn disk(&self) -> std::io::Result<crate::space::DiskSpace> {
        let space = self.inner.space.clone();
        tokio::task::spawn_blocking(move || space.look()).await.map_err(std::io::Error::other)?
    }
}
