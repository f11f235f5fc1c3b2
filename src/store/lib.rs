//! History and blobs: what is kept of every execution after its pod is gone.
//!
//! Records (executions, runs, progress, reports, the list of artifacts) lie in
//! one SQLite file; artifacts and logs are plain files beside it. One process
//! owns the folder at a time.
//!
//! Everything survives `SIGKILL` at any point: a record is one transaction, an
//! artifact appears by rename before its record, and a log is an append-only
//! file whose length is what was acknowledged.
#![forbid(unsafe_code)]

mod artifacts;
mod database;
mod executions;
mod logs;
mod media;
mod record;
mod reports;
mod runs;
mod store;

pub use artifacts::{ARTIFACT_NAME_LIMIT, ArtifactError, ArtifactStream, Artifacts};
pub use database::OpenError;
pub use logs::{
    AppendError, LogPiece, LogReader, Logs, Position, PositionError, READ_BYTES, ReadError, ReadOptions, Tail,
};
pub use record::{Begin, Disposition, RecordError, RunChange, RunKey};
pub use store::Store;

#[cfg(test)]
mod tests;
