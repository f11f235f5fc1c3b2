//! The handle that other rooms hold.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;

use assay_protocol::Progress;
use assay_protocol::rest::{Conclusion, ExecutionRecord, Page};
use assay_report::TestReport;
use object_store::local::LocalFileSystem;
use tokio::sync::broadcast;

use crate::artifacts::Artifacts;
use crate::database::{Database, OpenError};
use crate::executions::Executions;
use crate::logs::Logs;
use crate::record::{Begin, RecordError, RunChange, RunKey};
use crate::reports::Reports;
use crate::runs::Runs;

/// Changes that a slow listener may fall behind; then it is told that it lags.
const CHANGES: usize = 4096;

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    database: Database,
    executions: Executions,
    runs: Runs,
    reports: Reports,
    artifacts: Artifacts,
    logs: Logs,
    changes: broadcast::Sender<RunChange>,
    /// Held as long as the store is open.
    _lock: File,
}

impl Store {
    /// Opens the store in a folder, or makes it.
    ///
    /// # Errors
    /// When the folder cannot be used, is in use, or holds a damaged or newer database.
    pub async fn open(dir: &Path) -> Result<Self, OpenError> {
        std::fs::create_dir_all(dir).map_err(OpenError::Folder)?;
        let lock = File::create(dir.join("lock")).map_err(OpenError::Folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse),
            Err(TryLockError::Error(error)) => return Err(OpenError::Folder(error)),
        }
        let database = Database::open(&dir.join("assay.db")).await?;
        let blobs = LocalFileSystem::new_with_prefix(dir)?;
        let runs = Runs { database: database.clone() };
        let artifacts = Artifacts::new(database.clone(), runs.clone(), Arc::new(blobs));
        let logs = Logs::new(dir.join("logs"), runs.clone());
        logs.clone().keep();
        sweep(artifacts.clone());
        Ok(Self {
            inner: Arc::new(Inner {
                executions: Executions { database: database.clone() },
                reports: Reports { database: database.clone() },
                runs,
                artifacts,
                logs,
                database,
                changes: broadcast::channel(CHANGES).0,
                _lock: lock,
            }),
        })
    }

    /// Notes that an attempt of an execution is about to be created. To be
    /// called before its Job exists; a repeat changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self, begin: &Begin) -> Result<(), RecordError> {
        self.inner.executions.begin(begin).await
    }

    /// Whether a run may still say something.
    ///
    /// # Errors
    /// [`RecordError::Unknown`] when it was never begun, [`RecordError::Superseded`]
    /// when a newer attempt was.
    pub async fn admit(&self, key: &RunKey) -> Result<(), RecordError> {
        self.inner.runs.admit(key).await
    }

    /// Notes that a run exists; a repeat changes nothing.
    ///
    /// # Errors
    /// As [`Store::admit`].
    pub async fn enlist(&self, key: &RunKey) -> Result<(), RecordError> {
        self.inner.runs.enlist(key).await
    }

    /// Keeps what a run says of itself, unless something newer is kept; then
    /// tells everybody who listens to [`Store::changes`] or follows the log.
    ///
    /// # Errors
    /// As [`Store::admit`].
    pub async fn save_progress(&self, key: &RunKey, progress: &Progress) -> Result<(), RecordError> {
        let change = self.inner.runs.save(key, progress).await?;
        // Nobody listening is no error.
        let _ = self.inner.changes.send(change);
        self.inner.logs.announce(&key.execution_uid);
        if progress.outcome.is_some() {
            self.inner.logs.settle(key.clone());
        }
        Ok(())
    }

    /// Keeps the merged test report of a run, unless a newer attempt gave one.
    ///
    /// # Errors
    /// As [`Store::admit`].
    pub async fn save_report(&self, key: &RunKey, report: &TestReport) -> Result<(), RecordError> {
        self.inner.runs.admit(key).await?;
        self.inner.reports.save(key, report).await
    }

    /// The test report of an execution.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn report(&self, uid: &str) -> Result<Option<TestReport>, RecordError> {
        self.inner.reports.of(uid).await
    }

    /// Writes the final judgement of an execution; a later one replaces an earlier one.
    ///
    /// # Errors
    /// [`RecordError::Unknown`] when the execution was never begun.
    pub async fn conclude(&self, uid: &str, conclusion: &Conclusion) -> Result<(), RecordError> {
        self.inner.executions.conclude(uid, conclusion).await?;
        self.inner.logs.announce(uid);
        Ok(())
    }

    /// The newest execution of that name, else the one of that uid.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn execution(&self, namespace: &str, name_or_uid: &str) -> Result<Option<ExecutionRecord>, RecordError> {
        self.inner.executions.find(namespace, name_or_uid).await
    }

    /// The execution of that uid.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn execution_by_uid(&self, uid: &str) -> Result<Option<ExecutionRecord>, RecordError> {
        self.inner.executions.by_uid(uid).await
    }

    /// Executions of a namespace, newest first, from `before` (an earlier page's `next`) on.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn executions(
        &self,
        namespace: &str,
        workflow: Option<&str>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<ExecutionRecord>, RecordError> {
        self.inner.executions.list(namespace, workflow, limit, before).await
    }

    /// The logs of all executions.
    pub fn logs(&self) -> &Logs {
        &self.inner.logs
    }

    /// The artifacts of all executions.
    pub fn artifacts(&self) -> &Artifacts {
        &self.inner.artifacts
    }

    /// News of runs, from now on. A listener that lags must look at everything again.
    pub fn changes(&self) -> broadcast::Receiver<RunChange> {
        self.inner.changes.subscribe()
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// When the database does not.
    pub async fn healthy(&self) -> Result<(), RecordError> {
        Ok(self.inner.database.healthy().await?)
    }

    /// Brings everything to disk and closes the database. Optional: a store that
    /// is only dropped, or killed, opens again just as well.
    pub async fn close(&self) {
        self.inner.logs.sync().await;
        self.inner.database.close().await;
    }
}

/// Removes what a crash left behind, beside everything else.
fn sweep(artifacts: Artifacts) {
    tokio::spawn(async move {
        match artifacts.sweep().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "artifacts without a record were removed"),
            Err(error) => tracing::warn!(%error, "artifacts without a record were not looked for"),
        }
    });
}
