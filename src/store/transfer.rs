//! Records from PostgreSQL into a SQLite file.

use std::path::Path;

use futures::TryStreamExt;
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{Any, AssertSqlSafe, Row, Transaction, ValueRef};

use crate::config::DatabaseUrl;
use crate::database::Database;
use crate::disposition::{Disposition, of_database};
use crate::open_error::OpenError;

/// Every table with its columns, those first that others refer to.
const TABLES: &[(&str, &[&str])] = &[
    (
        "executions",
        &["uid", "namespace", "name", "workflow", "attempt", "plan_hash", "created_us", "conclusion", "finished_us"],
    ),
    ("runs", &["execution_uid", "attempt", "pod_uid", "seen_us"]),
    ("progress", &["execution_uid", "attempt", "pod_uid", "sequence", "finished", "body"]),
    ("reports", &["execution_uid", "attempt", "pod_uid", "body"]),
    ("commands", &["execution_uid", "version", "body"]),
    ("deliveries", &["execution_uid", "kind", "namespace", "name", "revision", "hook", "workflow", "attempt"]),
    ("artifacts", &["execution_uid", "name", "step", "attempt", "pod_uid", "blob", "size", "sha256", "content_type"]),
];

/// Why records were not transferred.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The new database could not be made.
    #[error("the new database cannot be made")]
    Open(#[from] OpenError),
    /// A record could not be read or written.
    #[error("the records of table {table} cannot be transferred")]
    Table {
        /// Which table.
        table: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// One of the databases did not begin or end its transaction.
    #[error("a database did not answer")]
    Database(#[from] sqlx::Error),
}

impl TransferError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Open(error) => error.disposition(),
            Self::Table { source, .. } | Self::Database(source) => of_database(source),
        }
    }
}

/// Writes all records, as they are at one moment, to a new SQLite file.
pub(crate) async fn records(from: &Database, file: &Path) -> Result<(), TransferError> {
    let copy = Database::open(&DatabaseUrl::Sqlite, file).await?;
    let mut source = from.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    let mut target = copy.writer.begin().await?;
    for (table, columns) in TABLES {
        let done = transfer(&mut source, &mut target, table, columns).await;
        done.map_err(|source| TransferError::Table { table, source })?;
    }
    target.commit().await?;
    source.rollback().await?;
    copy.close().await;
    Ok(())
}

async fn transfer(
    source: &mut Transaction<'_, Any>,
    target: &mut Transaction<'_, Any>,
    table: &str,
    columns: &[&str],
) -> Result<(), sqlx::Error> {
    let names = columns.join(", ");
    let places: Vec<String> = (1..=columns.len()).map(|place| format!("${place}")).collect();
    let insert = format!("INSERT INTO {table} ({names}) VALUES ({})", places.join(", "));
    let select = format!("SELECT {names} FROM {table}");
    let mut rows = sqlx::query(AssertSqlSafe(select)).fetch(&mut **source);
    while let Some(row) = rows.try_next().await? {
        let mut query = sqlx::query(AssertSqlSafe(insert.clone()));
        for place in 0..columns.len() {
            query = match number(&row, place)? {
                true => query.bind(row.try_get::<Option<i64>, _>(place)?),
                false => query.bind(row.try_get::<Option<String>, _>(place)?),
            };
        }
        query.execute(&mut **target).await?;
    }
    Ok(())
}

fn number(row: &AnyRow, place: usize) -> Result<bool, sqlx::Error> {
    Ok(row.try_get_raw(place)?.type_info().kind() == AnyTypeInfoKind::BigInt)
}
