//! Why a store could not be opened.

use sqlx::migrate::MigrateError;

use crate::disposition::{Disposition, of_blobs, of_database, of_disk};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made or written.
    #[error("the folder of the store cannot be used")]
    Folder(#[source] std::io::Error),
    /// Another process has it open.
    #[error("the folder of the store is in use by another process")]
    InUse,
    /// The database cannot be reached or opened.
    #[error("the database of the store cannot be opened")]
    Database(#[from] sqlx::Error),
    /// The database was written by a newer version, or a migration failed.
    #[error("the database of the store cannot be brought to this version")]
    Migration(#[from] MigrateError),
    /// SQLite found damage.
    #[error("the database of the store is damaged: {0}")]
    Damaged(String),
    /// The place of artifacts cannot be used.
    #[error("the artifacts of the store cannot be reached")]
    Blobs(#[from] object_store::Error),
    /// A file of the configuration cannot be used.
    #[error("the file {path} cannot be used for the artifacts of the store: {problem}")]
    File {
        /// Which file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl OpenError {
    /// What to do about it.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Folder(error) => of_disk(error),
            Self::InUse => Disposition::Transient,
            Self::Database(error) => of_database(error),
            Self::Migration(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                of_database(error)
            }
            Self::Migration(_) | Self::Damaged(_) | Self::File { .. } => Disposition::Stalled,
            Self::Blobs(error) => of_blobs(error),
        }
    }
}
