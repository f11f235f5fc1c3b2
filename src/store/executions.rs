//! Executions: begun, listed, found, concluded.

use assay_protocol::rest::{Conclusion, DeliveryRecord, ExecutionRecord, Page};
use jiff::Timestamp;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::database::{Database, attempt};
use crate::record::{Begin, RecordError};

/// Longest list in one answer.
const PAGE_LIMIT: usize = 500;

const COLUMNS: &str = "SELECT e.uid, e.namespace, e.name, e.workflow, e.attempt, e.created_us, e.conclusion,
    (SELECT p.body FROM progress p JOIN runs r USING (execution_uid, attempt, pod_uid)
     WHERE p.execution_uid = e.uid AND p.attempt = e.attempt
     ORDER BY r.seen_us DESC, p.sequence DESC LIMIT 1) AS progress,
    d.kind AS delivery_kind, d.namespace AS delivery_namespace, d.name AS delivery_name,
    d.revision AS delivery_revision, d.hook AS delivery_hook, d.attempt AS delivery_attempt
    FROM executions e LEFT JOIN deliveries d ON d.execution_uid = e.uid";

/// Counts an execution among those of its workflow for the same hook, delivery and revision.
const COUNT: &str = "INSERT INTO deliveries (execution_uid, kind, namespace, name, revision, hook, workflow, attempt)
    VALUES ($1, $2, $3, $4, $5, $6, $7,
     (SELECT COALESCE(MAX(d.attempt), 0) + 1 FROM deliveries d
      WHERE d.namespace = $3 AND d.name = $4 AND d.revision = $5
      AND d.kind = $2 AND d.hook = $6 AND d.workflow = $7))
    ON CONFLICT (execution_uid) DO NOTHING";

/// The table of executions.
#[derive(Clone, Debug)]
pub(crate) struct Executions {
    pub(crate) database: Database,
}

impl Executions {
    /// Notes that an attempt is about to be created; a repeat changes nothing.
    pub(crate) async fn begin(&self, begin: &Begin) -> Result<(), RecordError> {
        let mut transaction = self.database.writer.begin().await?;
        sqlx::query(
            "INSERT INTO executions (uid, namespace, name, workflow, attempt, plan_hash, created_us)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (uid) DO UPDATE SET attempt = excluded.attempt, plan_hash = excluded.plan_hash
             WHERE excluded.attempt > executions.attempt",
        )
        .bind(&begin.uid)
        .bind(&begin.namespace)
        .bind(&begin.name)
        .bind(&begin.workflow)
        .bind(i64::from(begin.attempt))
        .bind(&begin.plan_hash)
        .bind(Timestamp::now().as_microsecond())
        .execute(&mut *transaction)
        .await?;
        if let Some(delivery) = &begin.delivery {
            sqlx::query(COUNT)
                .bind(&begin.uid)
                .bind(&delivery.kind)
                .bind(&delivery.namespace)
                .bind(&delivery.name)
                .bind(&delivery.revision)
                .bind(&delivery.hook)
                .bind(&begin.workflow)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Writes the final judgement; a later one replaces an earlier one.
    pub(crate) async fn conclude(&self, uid: &str, conclusion: &Conclusion) -> Result<(), RecordError> {
        let body = serde_json::to_string(conclusion)?;
        let done = sqlx::query("UPDATE executions SET conclusion = $2, finished_us = $3 WHERE uid = $1")
            .bind(uid)
            .bind(body)
            .bind(conclusion.finished_at.as_microsecond())
            .execute(&self.database.writer)
            .await?;
        if done.rows_affected() == 0 { Err(RecordError::Unknown) } else { Ok(()) }
    }

    /// The newest execution of that name, else the one of that uid.
    pub(crate) async fn find(&self, namespace: &str, name: &str) -> Result<Option<ExecutionRecord>, RecordError> {
        let sql = format!(
            "{COLUMNS} WHERE e.namespace = $1 AND (e.name = $2 OR e.uid = $2)
             ORDER BY e.name = $2 DESC, e.created_us DESC LIMIT 1"
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(namespace).bind(name);
        query.fetch_optional(&self.database.readers).await?.as_ref().map(record).transpose()
    }

    /// The execution of that uid.
    pub(crate) async fn by_uid(&self, uid: &str) -> Result<Option<ExecutionRecord>, RecordError> {
        let sql = format!("{COLUMNS} WHERE e.uid = $1");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(uid);
        query.fetch_optional(&self.database.readers).await?.as_ref().map(record).transpose()
    }

    /// The newest executions of a namespace, from `before` on.
    pub(crate) async fn list(
        &self,
        namespace: &str,
        workflow: Option<&str>,
        limit: usize,
        before: Option<&str>,
    ) -> Result<Page<ExecutionRecord>, RecordError> {
        let limit = limit.clamp(1, PAGE_LIMIT);
        let (created_us, uid) = before.and_then(cursor).unwrap_or((i64::MAX, ""));
        let sql = format!(
            "{COLUMNS} WHERE e.namespace = $1 AND (CAST($2 AS TEXT) IS NULL OR e.workflow = $2)
             AND (e.created_us, e.uid) < ($3, $4) ORDER BY e.created_us DESC, e.uid DESC LIMIT $5"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(namespace)
            .bind(workflow)
            .bind(created_us)
            .bind(uid)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.database.readers)
            .await?;
        let more = rows.len() > limit;
        let items = rows.iter().take(limit).map(record).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more);
        let next = next.map(|last| format!("{}.{}", last.created_at.as_microsecond(), last.uid));
        Ok(Page { items, next })
    }
}

/// Reads what an earlier page gave as `next`.
fn cursor(text: &str) -> Option<(i64, &str)> {
    let (created_us, uid) = text.split_once('.')?;
    Some((created_us.parse().ok()?, uid))
}

fn record(row: &AnyRow) -> Result<ExecutionRecord, RecordError> {
    let progress: Option<&str> = row.try_get("progress")?;
    let conclusion: Option<&str> = row.try_get("conclusion")?;
    Ok(ExecutionRecord {
        namespace: row.try_get("namespace")?,
        name: row.try_get("name")?,
        uid: row.try_get("uid")?,
        workflow: row.try_get("workflow")?,
        attempt: attempt(row.try_get("attempt")?),
        created_at: Timestamp::from_microsecond(row.try_get("created_us")?).unwrap_or(Timestamp::UNIX_EPOCH),
        progress: progress.map(serde_json::from_str).transpose()?,
        conclusion: conclusion.map(serde_json::from_str).transpose()?,
        delivery: delivery(row)?,
    })
}

fn delivery(row: &AnyRow) -> Result<Option<DeliveryRecord>, RecordError> {
    let Some(kind) = row.try_get("delivery_kind")? else { return Ok(None) };
    Ok(Some(DeliveryRecord {
        kind,
        namespace: row.try_get("delivery_namespace")?,
        name: row.try_get("delivery_name")?,
        revision: row.try_get("delivery_revision")?,
        hook: row.try_get("delivery_hook")?,
        attempt: attempt(row.try_get("delivery_attempt")?),
    }))
}
