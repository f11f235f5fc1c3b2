//! History and blobs: what is kept of every execution after its pod is gone.
//!
//! Records (executions, runs, progress, reports, commands, the list of artifacts)
//! lie in one SQLite file or a PostgreSQL database, artifacts in a folder or a
//! bucket, logs in plain files. One process owns the folder at a time.
//!
//! Everything survives `SIGKILL` at any point: a record is one transaction, an
//! artifact is whole before its record, and a log is an append-only file whose
//! length is what was acknowledged.
#![forbid(unsafe_code)]

mod artifact_error;
mod artifacts;
mod backup;
mod blobs;
mod chores;
mod commands;
mod config;
mod copy;
mod database;
mod disposition;
mod executions;
mod health;
mod logs;
mod media;
mod open_error;
mod opening;
mod record;
mod removals;
mod reports;
mod retention;
mod runs;
mod space;
mod store;
mod transfer;
mod upkeep;
mod upload;

pub use artifact_error::{ARTIFACT_NAME_LIMIT, ArtifactError};
pub use artifacts::{ArtifactStream, Artifacts};
pub use backup::{Backup, BackupError, is_whole};
pub use config::{BlobsConfig, DatabaseUrl, DatabaseUrlError, S3Config, S3Credentials, StoreConfig};
pub use disposition::Disposition;
pub use health::HealthError;
pub use logs::{
    AppendError, LogPiece, LogReader, Logs, Position, PositionError, READ_BYTES, ReadError, ReadOptions, Tail,
};
pub use open_error::OpenError;
pub use record::{Begin, RecordError, RunChange, RunKey};
pub use retention::{Expired, KeptWorkflow, RetentionRule, Usage};
pub use space::{DiskSpace, FullError};
pub use store::Store;

#[cfg(test)]
mod tests;
