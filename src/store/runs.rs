//! Runs and their progress: what a pod says of itself, newest word only.

use assay_protocol::Progress;
use jiff::Timestamp;
use sqlx::{Any, Row, Transaction};

use crate::database::{Database, attempt, signed};
use crate::record::{RecordError, RunChange, RunKey};

/// The newest run of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewestRun {
    /// Which one.
    pub(crate) key: RunKey,
    /// Whether nothing more will come: it has an outcome, or the execution is concluded.
    pub(crate) finished: bool,
}

/// The tables of runs and progress.
#[derive(Clone, Debug)]
pub(crate) struct Runs {
    pub(crate) database: Database,
}

impl Runs {
    /// Whether the run may still say something: its execution was begun, and no
    /// newer attempt of it.
    pub(crate) async fn admit(&self, key: &RunKey) -> Result<(), RecordError> {
        let newest: Option<i64> = sqlx::query_scalar("SELECT attempt FROM executions WHERE uid = $1")
            .bind(&key.execution_uid)
            .fetch_optional(&self.database.readers)
            .await?;
        judge(key, newest.map(attempt))
    }

    /// Notes that the run exists.
    pub(crate) async fn enlist(&self, key: &RunKey) -> Result<(), RecordError> {
        let mut transaction = self.database.writer.begin().await?;
        enlist(&mut transaction, key).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Keeps the progress unless one with the same or a higher sequence is kept.
    pub(crate) async fn save(&self, key: &RunKey, progress: &Progress) -> Result<RunChange, RecordError> {
        let body = serde_json::to_string(progress)?;
        let mut transaction = self.database.writer.begin().await?;
        let change = enlist(&mut transaction, key).await?;
        sqlx::query(
            "INSERT INTO progress (execution_uid, attempt, pod_uid, sequence, finished, body)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (execution_uid, attempt, pod_uid) DO UPDATE
             SET sequence = excluded.sequence, finished = excluded.finished, body = excluded.body
             WHERE excluded.sequence > progress.sequence",
        )
        .bind(&key.execution_uid)
        .bind(i64::from(key.attempt))
        .bind(&key.pod_uid)
        .bind(signed(progress.sequence))
        .bind(i64::from(progress.outcome.is_some()))
        .bind(body)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(change)
    }

    /// The newest progress of one run.
    pub(crate) async fn progress(&self, key: &RunKey) -> Result<Option<Progress>, RecordError> {
        let body: Option<String> =
            sqlx::query_scalar("SELECT body FROM progress WHERE execution_uid = $1 AND attempt = $2 AND pod_uid = $3")
                .bind(&key.execution_uid)
                .bind(i64::from(key.attempt))
                .bind(&key.pod_uid)
                .fetch_optional(&self.database.readers)
                .await?;
        Ok(body.as_deref().map(serde_json::from_str).transpose()?)
    }

    /// The newest run: highest attempt, then last heard of first.
    pub(crate) async fn newest(&self, uid: &str) -> Result<Option<NewestRun>, RecordError> {
        let row = sqlx::query(
            "SELECT r.attempt, r.pod_uid,
             CASE WHEN e.conclusion IS NULL THEN COALESCE(p.finished, 0) ELSE 1 END AS finished
             FROM runs r JOIN executions e ON e.uid = r.execution_uid
             LEFT JOIN progress p
             ON p.execution_uid = r.execution_uid AND p.attempt = r.attempt AND p.pod_uid = r.pod_uid
             WHERE r.execution_uid = $1 ORDER BY r.attempt DESC, r.seen_us DESC LIMIT 1",
        )
        .bind(uid)
        .fetch_optional(&self.database.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let key = RunKey {
            execution_uid: uid.to_owned(),
            attempt: attempt(row.try_get("attempt")?),
            pod_uid: row.try_get("pod_uid")?,
        };
        Ok(Some(NewestRun { key, finished: row.try_get::<i64, _>("finished")? != 0 }))
    }

    /// Whether the execution is concluded; an unknown one will never have a log either.
    pub(crate) async fn concluded(&self, uid: &str) -> Result<bool, RecordError> {
        let waits = sqlx::query("SELECT uid FROM executions WHERE uid = $1 AND conclusion IS NULL")
            .bind(uid)
            .fetch_optional(&self.database.readers)
            .await?;
        Ok(waits.is_none())
    }
}

async fn enlist(transaction: &mut Transaction<'_, Any>, key: &RunKey) -> Result<RunChange, RecordError> {
    if !key.is_sound() {
        return Err(RecordError::BadUid);
    }
    let row = sqlx::query("SELECT attempt, namespace, name FROM executions WHERE uid = $1")
        .bind(&key.execution_uid)
        .fetch_optional(&mut **transaction)
        .await?;
    let Some(row) = row else { return Err(RecordError::Unknown) };
    judge(key, Some(attempt(row.try_get("attempt")?)))?;
    sqlx::query(
        "INSERT INTO runs (execution_uid, attempt, pod_uid, seen_us) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
    )
    .bind(&key.execution_uid)
    .bind(i64::from(key.attempt))
    .bind(&key.pod_uid)
    .bind(Timestamp::now().as_microsecond())
    .execute(&mut **transaction)
    .await?;
    Ok(RunChange {
        namespace: row.try_get("namespace")?,
        name: row.try_get("name")?,
        execution_uid: key.execution_uid.clone(),
    })
}

fn judge(key: &RunKey, newest: Option<u32>) -> Result<(), RecordError> {
    match newest {
        Some(newest) if newest == key.attempt => Ok(()),
        Some(newest) if newest > key.attempt => Err(RecordError::Superseded { newest }),
        _ => Err(RecordError::Unknown),
    }
}
