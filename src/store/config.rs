//! Where a store keeps what it is given.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How to open a store.
#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Folder of the logs, and of whatever has no other place. One process owns it at a time.
    pub dir: PathBuf,
    /// Where the records lie.
    pub database: DatabaseUrl,
    /// Where the artifacts lie.
    pub blobs: BlobsConfig,
    /// Free bytes of the folder's disk that logs and artifacts leave to the records;
    /// by default 64 MiB, or 1 % of a disk of less than 6.25 GiB.
    pub reserve: Option<u64>,
}

impl StoreConfig {
    /// Everything in one folder.
    pub fn folder(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), database: DatabaseUrl::Sqlite, blobs: BlobsConfig::Folder, reserve: None }
    }
}

/// The database of the records. Reads from text: `sqlite`, or a URL `postgres://…`.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file in the folder of the store.
    #[default]
    Sqlite,
    /// A PostgreSQL database, by its URL.
    Postgres(String),
}

/// Why a text names no database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a database is `sqlite` or a URL that begins with postgres://, not {found:?}")]
pub struct DatabaseUrlError {
    /// What was found in place of it: never more than the scheme, for a URL may hold a password.
    pub found: String,
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once("://") {
            None if text.is_empty() || text == "sqlite" => Ok(Self::Sqlite),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Ok(Self::Postgres(text.to_owned())),
            Some((scheme, _)) => Err(DatabaseUrlError { found: format!("{scheme}://") }),
            None => Err(DatabaseUrlError { found: "…".to_owned() }),
        }
    }
}

/// Without what follows the scheme: a URL may hold a password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres://…",
        })
    }
}

/// Where artifacts lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlobsConfig {
    /// In the folder of the store.
    #[default]
    Folder,
    /// In a bucket of a service that speaks S3.
    S3(S3Config),
}

/// A bucket of a service that speaks S3.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Config {
    /// URL of the service; `None` is Amazon's own.
    pub endpoint: Option<String>,
    /// Name of the bucket.
    pub bucket: String,
    /// Region of the bucket; `None` asks `AWS_REGION`, then `us-east-1`.
    pub region: Option<String>,
    /// What the name of every object begins with; empty for none.
    pub prefix: String,
    /// Whether the endpoint may be reached without TLS.
    pub allow_http: bool,
    /// Whether the bucket is part of the path (`true`) or of the host (`false`).
    pub path_style: bool,
    /// PEM file of further authorities to believe, beside the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// Who asks.
    pub credentials: S3Credentials,
}

/// Who asks the service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum S3Credentials {
    /// What the environment says: keys, a web identity, or the machine's role, in variables `AWS_…`.
    #[default]
    Environment,
    /// Files `accessKeyId`, `secretAccessKey` and perhaps `sessionToken` of a folder,
    /// for example of a mounted Secret; read again every minute.
    Files(PathBuf),
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_database_is_read_from_text_and_its_password_is_not_shown() {
        assert_eq!("".parse(), Ok(DatabaseUrl::Sqlite));
        assert_eq!("sqlite".parse(), Ok(DatabaseUrl::Sqlite));
        let url: DatabaseUrl = "postgres://assay:secret@db/assay".parse().expect("a URL");
        assert_eq!(format!("{url:?}"), "postgres://…");
        for wrong in ["mysql://root:secret@db/x", "secret", "postgres://"] {
            let error = wrong.parse::<DatabaseUrl>().expect_err(wrong).to_string();
            assert!(error.contains("postgres://") && !error.contains("secret"), "{error}");
        }
    }
}
