//! Why a log cannot be read.

use std::io;

use crate::record::RecordError;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("a file of the log cannot be read")]
    Io(#[from] io::Error),
    /// The records cannot be read.
    #[error("the records of the log cannot be read")]
    Record(#[from] RecordError),
}
