//! What is kept, how much it is, and what need not be kept any longer.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::Row;

use crate::database::{Database, unsigned};
use crate::record::RecordError;
use crate::space::DiskSpace;

/// Longest list in one answer.
const BATCH: i64 = 500;

/// What is kept of one workflow's executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionRule {
    /// Namespace of the workflow.
    pub namespace: String,
    /// Its name.
    pub workflow: String,
    /// Whatever ended longer ago than this need not be kept; `None` is for ever.
    pub age: Option<Duration>,
    /// So many of the newest that ended are kept; `None` is all.
    pub count: Option<u32>,
}

/// An execution that a rule need not keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expired {
    /// uid of the execution.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it was concluded. When not, it began longer ago than the rule's
    /// age, and only who knows the cluster can say whether it still runs.
    pub concluded: bool,
}

/// What is kept of one workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptWorkflow {
    /// Namespace of the workflow.
    pub namespace: String,
    /// Its name.
    pub workflow: String,
    /// Executions.
    pub executions: u64,
    /// Those of them that were concluded.
    pub concluded: u64,
    /// When the oldest began.
    pub oldest: Timestamp,
    /// When the newest began.
    pub newest: Timestamp,
}

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Executions.
    pub executions: u64,
    /// Artifacts.
    pub artifacts: u64,
    /// Bytes of artifacts, wherever they lie.
    pub artifact_bytes: u64,
    /// Bytes of logs on disk.
    pub log_bytes: u64,
    /// Bytes of the database.
    pub database_bytes: u64,
    /// The disk of the store's folder.
    pub disk: DiskSpace,
}

/// The questions about everything that is kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) database: Database,
}

impl Kept {
    /// At most 500 executions that the rule need not keep, the oldest first.
    pub(crate) async fn expired(&self, rule: &RetentionRule, now: Timestamp) -> Result<Vec<Expired>, RecordError> {
        let before = rule.age.map(|age| now.as_microsecond().saturating_sub(microseconds(age)));
        let rows = sqlx::query(
            "SELECT uid, namespace, name, finished_us FROM (
                 SELECT uid, namespace, name, created_us, finished_us, ROW_NUMBER() OVER (
                     PARTITION BY CASE WHEN finished_us IS NULL THEN 0 ELSE 1 END
                     ORDER BY created_us DESC, uid DESC) AS place
                 FROM executions WHERE namespace = $1 AND workflow = $2) AS placed
             WHERE COALESCE(finished_us, created_us) < $3 OR (finished_us IS NOT NULL AND place > $4)
             ORDER BY created_us, uid LIMIT $5",
        )
        .bind(&rule.namespace)
        .bind(&rule.workflow)
        .bind(before.unwrap_or(i64::MIN))
        .bind(rule.count.map_or(i64::MAX, i64::from))
        .bind(BATCH)
        .fetch_all(&self.database.readers)
        .await?;
        let expired = rows.iter().map(|row| {
            Ok(Expired {
                uid: row.try_get("uid")?,
                namespace: row.try_get("namespace")?,
                name: row.try_get("name")?,
                concluded: row.try_get::<Option<i64>, _>("finished_us")?.is_some(),
            })
        });
        Ok(expired.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Every workflow of which an execution is kept, in order of names.
    pub(crate) async fn workflows(&self) -> Result<Vec<KeptWorkflow>, RecordError> {
        let rows = sqlx::query(
            "SELECT namespace, workflow, COUNT(*) AS executions, COUNT(finished_us) AS concluded,
                 MIN(created_us) AS oldest, MAX(created_us) AS newest
             FROM executions GROUP BY namespace, workflow ORDER BY namespace, workflow",
        )
        .fetch_all(&self.database.readers)
        .await?;
        let time = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
        let kept = rows.iter().map(|row| {
            Ok(KeptWorkflow {
                namespace: row.try_get("namespace")?,
                workflow: row.try_get("workflow")?,
                executions: unsigned(row.try_get("executions")?),
                concluded: unsigned(row.try_get("concluded")?),
                oldest: time(row.try_get("oldest")?),
                newest: time(row.try_get("newest")?),
            })
        });
        Ok(kept.collect::<Result<_, sqlx::Error>>()?)
    }

    /// How much is kept, beside logs and disk, which the caller measured.
    pub(crate) async fn usage(&self, log_bytes: u64, disk: DiskSpace) -> Result<Usage, RecordError> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM executions) AS executions, COUNT(*) AS artifacts,
                 CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM artifacts",
        )
        .fetch_one(&self.database.readers)
        .await?;
        Ok(Usage {
            executions: unsigned(row.try_get("executions")?),
            artifacts: unsigned(row.try_get("artifacts")?),
            artifact_bytes: unsigned(row.try_get("bytes")?),
            log_bytes,
            database_bytes: self.database.bytes().await?,
            disk,
        })
    }

    /// Whether the execution is concluded, and ended before a moment.
    pub(crate) async fn ended(&self, uid: &str, before: Timestamp) -> Result<bool, RecordError> {
        let row = sqlx::query("SELECT uid FROM executions WHERE uid = $1 AND finished_us < $2")
            .bind(uid)
            .bind(before.as_microsecond());
        Ok(row.fetch_optional(&self.database.readers).await?.is_some())
    }

    /// Whether the execution is known.
    pub(crate) async fn knows(&self, uid: &str) -> Result<bool, RecordError> {
        let row = sqlx::query("SELECT uid FROM executions WHERE uid = $1").bind(uid);
        Ok(row.fetch_optional(&self.database.readers).await?.is_some())
    }

    /// Removes every record of an execution. Gives the blobs of its artifacts,
    /// or nothing when it was not known.
    pub(crate) async fn forget(&self, uid: &str) -> Result<Option<Vec<String>>, RecordError> {
        let mut transaction = self.database.writer.begin().await?;
        let blobs = sqlx::query_scalar("DELETE FROM artifacts WHERE execution_uid = $1 RETURNING blob")
            .bind(uid)
            .fetch_all(&mut *transaction)
            .await?;
        // The other tables follow by their references.
        let done = sqlx::query("DELETE FROM executions WHERE uid = $1").bind(uid).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok((done.rows_affected() > 0).then_some(blobs))
    }
}

fn microseconds(age: Duration) -> i64 {
    i64::try_from(age.as_micros()).unwrap_or(i64::MAX)
}
