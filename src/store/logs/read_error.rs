//! Why a log cannot be read.

use std::io;

use crate::disposition::{Disposition, of_disk};
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

impl ReadError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Io(error) => of_disk(error),
            Self::Record(error) => error.disposition(),
        }
    }
}
