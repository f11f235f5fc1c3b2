//! The handle that other rooms hold.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use assay_protocol::Progress;
use assay_protocol::ingest::Commands;
use assay_protocol::rest::{Conclusion, ExecutionRecord, Page};
use assay_report::TestReport;
use tokio::sync::broadcast;

use crate::artifacts::Artifacts;
use crate::commands::CommandTable;
use crate::database::Database;
use crate::executions::Executions;
use crate::logs::Logs;
use crate::record::{Begin, RecordError, RunChange, RunKey};
use crate::removals::Removals;
use crate::reports::Reports;
use crate::retention::Kept;
use crate::runs::Runs;
use crate::space::Space;

/// Changes that a slow listener may fall behind; then it is told that it lags.
pub(crate) const CHANGES: usize = 4096;

/// The store. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) file: DatabaseFile,
    pub(crate) executions: Executions,
    pub(crate) runs: Runs,
    pub(crate) reports: Reports,
    pub(crate) commands: CommandTable,
    pub(crate) kept: Kept,
    pub(crate) artifacts: Artifacts,
    pub(crate) logs: Logs,
    pub(crate) space: Space,
    pub(crate) removals: Removals,
    pub(crate) changes: broadcast::Sender<RunChange>,
    pub(crate) asked: broadcast::Sender<String>,
    /// Held as long as the store is open.
    pub(crate) _lock: File,
}

/// The file of the database as it was when it was opened.
#[derive(Debug)]
pub(crate) struct DatabaseFile {
    pub(crate) path: PathBuf,
    /// Device and number; `None` when the database lies elsewhere.
    pub(crate) identity: Option<(u64, u64)>,
}

impl Store {
    /// Notes that an attempt of an execution is about to be created. To be
    /// called before its Job exists; a repeat changes nothing.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn begin(&self, begin: &Begin) -> Result<(), RecordError> {
        self.inner.executions.begin(begin).await?;
        written("begin");
        Ok(())
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
        written("progress");
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

    /// Writes the final judgement of an execution; a later one replaces an earlier one. Then tells everybody who
    /// listens to [`Store::changes`] or follows the log: nothing more will come.
    ///
    /// # Errors
    /// [`RecordError::Unknown`] when the execution was never begun.
    pub async fn conclude(&self, uid: &str, conclusion: &Conclusion) -> Result<(), RecordError> {
        self.inner.executions.conclude(uid, conclusion).await?;
        written("conclude");
        // What was written is written, whether it can be read again or not.
        if let Ok(Some(record)) = self.inner.executions.by_uid(uid).await {
            let (namespace, name) = (record.namespace, record.name);
            let _ = self.inner.changes.send(RunChange { namespace, name, execution_uid: uid.to_owned() });
        }
        self.inner.logs.announce(uid);
        Ok(())
    }

    /// Keeps what somebody asks of a running execution, and tells who listens to
    /// [`Store::commands_changed`]. Whether that is something else than is kept.
    /// What is kept has the version given, or the next one when that is not higher.
    ///
    /// # Errors
    /// [`RecordError::Unknown`] when the execution was never begun.
    pub async fn set_commands(&self, uid: &str, commands: &Commands) -> Result<bool, RecordError> {
        let changed = self.inner.commands.set(uid, commands).await?;
        written("commands");
        if changed {
            // Nobody listening is no error.
            let _ = self.inner.asked.send(uid.to_owned());
        }
        Ok(changed)
    }

    /// What somebody asks of a running execution; the default when nobody does.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn commands(&self, uid: &str) -> Result<Commands, RecordError> {
        self.inner.commands.of(uid).await
    }

    /// uids of executions of which something else is asked, from now on. A
    /// listener that lags must look at everything again.
    pub fn commands_changed(&self) -> broadcast::Receiver<String> {
        self.inner.asked.subscribe()
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
}

/// Something was written; the fault suite may end the process here.
#[cfg(feature = "crash-points")]
fn written(what: &str) {
    assay_telemetry::crash::point(&format!("write {what} to the store"));
}

#[cfg(not(feature = "crash-points"))]
fn written(_: &str) {}
