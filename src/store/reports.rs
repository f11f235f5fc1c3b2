//! Test reports: one per execution, that of its newest attempt.

use assay_report::TestReport;

use crate::database::Database;
use crate::record::{RecordError, RunKey};

/// The table of reports.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    pub(crate) database: Database,
}

impl Reports {
    /// Keeps a report, unless one of a newer attempt is kept.
    pub(crate) async fn save(&self, key: &RunKey, report: &TestReport) -> Result<(), RecordError> {
        let body = serde_json::to_string(report)?;
        sqlx::query(
            "INSERT INTO reports (execution_uid, attempt, pod_uid, body) VALUES ($1, $2, $3, $4)
             ON CONFLICT (execution_uid) DO UPDATE
             SET attempt = excluded.attempt, pod_uid = excluded.pod_uid, body = excluded.body
             WHERE excluded.attempt >= reports.attempt",
        )
        .bind(&key.execution_uid)
        .bind(i64::from(key.attempt))
        .bind(&key.pod_uid)
        .bind(body)
        .execute(&self.database.writer)
        .await
        .map_err(RecordError::of_a_row)?;
        Ok(())
    }

    /// The report of an execution.
    pub(crate) async fn of(&self, uid: &str) -> Result<Option<TestReport>, RecordError> {
        let body: Option<String> = sqlx::query_scalar("SELECT body FROM reports WHERE execution_uid = $1")
            .bind(uid)
            .fetch_optional(&self.database.readers)
            .await?;
        Ok(body.as_deref().map(serde_json::from_str).transpose()?)
    }
}
