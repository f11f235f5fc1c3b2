//! Why an artifact was not kept or not found.

use crate::disposition::{Disposition, of_blobs};
use crate::record::RecordError;

/// Longest name of an artifact, and of the step that it is of, in bytes.
pub const ARTIFACT_NAME_LIMIT: usize = 1024;

/// Why an artifact was not kept or not found.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The name is empty, too long, or has a NUL.
    #[error("an artifact's name has 1 to {ARTIFACT_NAME_LIMIT} bytes and no NUL")]
    BadName,
    /// The sender broke off, or sent more than is allowed.
    #[error("the bytes of the artifact did not arrive")]
    Source(#[source] std::io::Error),
    /// The blob store did not take or give the bytes.
    #[error("the place where artifacts are kept did not answer")]
    Blob(#[from] object_store::Error),
    /// The record.
    #[error("the record of the artifact was refused")]
    Record(#[from] RecordError),
}

impl ArtifactError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::BadName => Disposition::Stalled,
            Self::Source(_) => Disposition::Transient,
            Self::Blob(error) => of_blobs(error),
            Self::Record(error) => error.disposition(),
        }
    }
}

impl From<sqlx::Error> for ArtifactError {
    fn from(error: sqlx::Error) -> Self {
        Self::Record(RecordError::Database(error))
    }
}
