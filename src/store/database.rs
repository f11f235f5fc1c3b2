//! The database of the records: SQLite in a file, or PostgreSQL.
//!
//! Both are spoken to in one set of SQL. SQLite has one writer connection and a
//! few readers; PostgreSQL one pool for both.

use std::path::Path;
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AnyPool, ConnectOptions, Connection};

use crate::config::DatabaseUrl;
use crate::open_error::OpenError;

/// The file of a SQLite database in the folder of its store.
pub(crate) const FILE: &str = "assay.db";
/// The same while it is being made as a copy of another.
pub(crate) const UNFINISHED: &str = "assay.db.unfinished";

const READERS: u32 = 4;
const CONNECTIONS: u32 = 8;
/// A connection that was idle for longer is asked for a sign of life before it is used.
const FRESH: Duration = Duration::from_secs(2);
/// Time after which waiting for a connection is given up.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// With a write-ahead log and normal synchronisation this survives the process at
/// any point; only a loss of power may cost the last transactions, never the file.
const WRITER: &[&str] = &[
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = NORMAL",
    "PRAGMA foreign_keys = ON",
];
const READER: &[&str] = &["PRAGMA busy_timeout = 10000"];

/// Which of the two it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The two ways to the database.
#[derive(Clone, Debug)]
pub(crate) struct Database {
    /// Connections that write; of SQLite only one: writers queue here, not on a lock.
    pub(crate) writer: AnyPool,
    /// Connections that only read.
    pub(crate) readers: AnyPool,
    pub(crate) dialect: Dialect,
}

impl Database {
    /// Opens or makes the database, checks it and brings it to this version.
    pub(crate) async fn open(url: &DatabaseUrl, file: &Path) -> Result<Self, OpenError> {
        sqlx::any::install_default_drivers();
        match url {
            DatabaseUrl::Sqlite => Self::sqlite(file).await,
            DatabaseUrl::Postgres(url) => Self::postgres(url).await,
        }
    }

    async fn sqlite(file: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new().filename(file);
        let writer = sqlite_pool(1, WRITER).connect_with(any(&options.clone().create_if_missing(true))?).await?;
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&writer).await?;
        if verdict != "ok" {
            return Err(OpenError::Damaged(verdict));
        }
        SQLITE.run(&writer).await?;
        let readers = sqlite_pool(READERS, READER).connect_with(any(&options.read_only(true))?).await?;
        Ok(Self { writer, readers, dialect: Dialect::Sqlite })
    }

    async fn postgres(url: &str) -> Result<Self, OpenError> {
        let options: AnyConnectOptions = url.parse()?;
        let pool = AnyPoolOptions::new()
            .max_connections(CONNECTIONS)
            .min_connections(1)
            .acquire_timeout(PATIENCE)
            // Asking each time costs a round trip; what was just used most likely lives.
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await?;
        POSTGRES.run(&pool).await?;
        Ok(Self { writer: pool.clone(), readers: pool, dialect: Dialect::Postgres })
    }

    /// Asks both ways for a sign of life.
    pub(crate) async fn healthy(&self) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT uid FROM executions LIMIT 1").fetch_optional(&self.readers).await?;
        if self.dialect == Dialect::Sqlite {
            sqlx::query("SELECT uid FROM executions LIMIT 1").fetch_optional(&self.writer).await?;
        }
        Ok(())
    }

    /// Bytes that the database takes.
    pub(crate) async fn bytes(&self) -> Result<u64, sqlx::Error> {
        let sql = match self.dialect {
            Dialect::Sqlite => "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            Dialect::Postgres => "SELECT pg_database_size(current_database())",
        };
        Ok(unsigned(sqlx::query_scalar(sql).fetch_one(&self.readers).await?))
    }

    /// Empties the write-ahead log and closes every connection.
    pub(crate) async fn close(&self) {
        if self.dialect == Dialect::Sqlite {
            self.readers.close().await;
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await {
                tracing::warn!(%error, "the write-ahead log was not emptied");
            }
        }
        self.writer.close().await;
    }
}

fn any(options: &SqliteConnectOptions) -> Result<AnyConnectOptions, sqlx::Error> {
    AnyConnectOptions::from_url(&options.to_url_lossy())
}

fn sqlite_pool(connections: u32, pragmas: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(Duration::from_secs(30))
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for pragma in pragmas {
                    sqlx::raw_sql(*pragma).execute(&mut *connection).await?;
                }
                Ok(())
            })
        })
}

/// A number as a database keeps it; those that do not fit become the largest.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number as we keep it; a database never holds a negative one of ours.
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// An attempt as we count it; a database never holds one of ours that does not fit.
pub(crate) fn attempt(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}
