//! The SQLite file: one writer connection, a few readers, migrations.

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

const READERS: u32 = 4;
const BUSY: Duration = Duration::from_secs(10);

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("the folder of the store cannot be used")]
    Folder(#[source] std::io::Error),
    /// Another process has it open.
    #[error("the folder of the store is in use by another process")]
    InUse,
    /// SQLite cannot open its file.
    #[error("the database of the store cannot be opened")]
    Database(#[from] sqlx::Error),
    /// The file was written by a newer version, or a migration failed.
    #[error("the database of the store cannot be brought to this version")]
    Migration(#[from] MigrateError),
    /// SQLite found damage.
    #[error("the database of the store is damaged: {0}")]
    Damaged(String),
    /// The place of artifacts cannot be used.
    #[error("the artifacts of the store cannot be reached")]
    Blobs(#[from] object_store::Error),
}

/// The two ways to the file.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// The only connection that writes: writers queue here, not on a lock.
    pub(crate) writer: SqlitePool,
    /// Connections that only read.
    pub(crate) readers: SqlitePool,
}

impl Database {
    /// Opens or makes the file, checks it and brings it to this version.
    pub(crate) async fn open(file: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // With a write-ahead log this survives the process at any point; only
            // a loss of power may cost the last transactions, never the file.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(BUSY)
            .foreign_keys(true);
        let writer = pool(1).connect_with(options.clone()).await?;
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&writer).await?;
        if verdict != "ok" {
            return Err(OpenError::Damaged(verdict));
        }
        sqlx::migrate!().run(&writer).await?;
        let readers = pool(READERS).connect_with(options.read_only(true)).await?;
        Ok(Self { writer, readers })
    }

    /// Asks both ways for a sign of life.
    pub(crate) async fn healthy(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT 1 FROM executions LIMIT 1").fetch_optional(&self.readers).await?;
        sqlx::query("SELECT 1 FROM executions LIMIT 1").fetch_optional(&self.writer).await?;
        Ok(())
    }

    /// Empties the write-ahead log and closes every connection.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await {
            tracing::warn!(%error, "the write-ahead log was not emptied");
        }
        self.writer.close().await;
    }
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
}

/// A number as SQLite keeps it; those that do not fit become the largest.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as we keep it; SQLite never holds a negative one of ours.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
