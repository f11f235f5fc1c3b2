//! Why a look failed, and what kind of failure it is.

use assay_cluster::ClusterError;
use assay_lifecycle::Failure;
use assay_store::{ArtifactError, ReadError, RecordError};

/// Why a look at an object failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LookError {
    /// The API server did not do it.
    #[error("the cluster did not do what was asked")]
    Cluster(#[from] ClusterError),
    /// The store did not do it.
    #[error("the store did not do what was asked")]
    Record(#[from] RecordError),
    /// The log could not be read.
    #[error("the end of the log cannot be read")]
    Log(#[from] ReadError),
    /// The list of artifacts could not be read.
    #[error("the list of artifacts cannot be read")]
    Artifacts(#[from] ArtifactError),
}

impl LookError {
    /// What kind of failure it is.
    pub(crate) fn failure(&self) -> Failure {
        match self {
            Self::Cluster(error) => match error.disposition() {
                assay_cluster::Disposition::Transient => Failure::Transient,
                // What stalls the cluster's answer (a right that is missing, a
                // namespace that goes) may change without a sign to us.
                assay_cluster::Disposition::Stalled => Failure::Transient,
                assay_cluster::Disposition::Bug => Failure::Bug,
            },
            // What stalls the store (a disk that is read-only, credentials that
            // are wrong) is put right by people, without a sign to us.
            Self::Record(error) => match error.disposition() {
                assay_store::Disposition::Transient | assay_store::Disposition::Stalled => Failure::Transient,
                assay_store::Disposition::Bug => Failure::Bug,
            },
            Self::Log(_) | Self::Artifacts(_) => Failure::Transient,
        }
    }
}
