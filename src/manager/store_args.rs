//! What the command line and the environment may say of the store.

use std::path::PathBuf;
use std::time::Duration;

use assay_api::{DurationError, DurationText};
use assay_store::{BlobsConfig, DatabaseUrl, S3Config, S3Credentials, StoreConfig};
use clap::{ArgAction, Args as ClapArgs};

/// Where history, logs and artifacts are kept.
#[derive(Clone, Debug, ClapArgs)]
pub struct StoreArgs {
    /// Folder of logs, and of history and artifacts unless they have other places.
    #[arg(long, env = "ASSAY_DATA_DIR", default_value = "/var/lib/assay")]
    pub data_dir: PathBuf,
    /// History: `sqlite` (a file in the folder) or postgres://USER:PASSWORD@HOST:PORT/NAME
    #[arg(long, env = "ASSAY_DATABASE_URL", default_value = "sqlite", hide_env_values = true)]
    pub database_url: DatabaseUrl,
    /// Artifacts: a bucket that speaks S3, instead of files.
    #[arg(long, env = "ASSAY_S3_BUCKET")]
    pub s3_bucket: Option<String>,
    /// URL of the bucket's service; without it Amazon's own.
    #[arg(long, env = "ASSAY_S3_ENDPOINT")]
    pub s3_endpoint: Option<String>,
    /// Region of the bucket.
    #[arg(long, env = "ASSAY_S3_REGION")]
    pub s3_region: Option<String>,
    /// What the name of every object begins with.
    #[arg(long, env = "ASSAY_S3_PREFIX", default_value = "")]
    pub s3_prefix: String,
    /// The bucket is part of the path, not of the host.
    #[arg(long, env = "ASSAY_S3_PATH_STYLE", default_value_t = true, action = ArgAction::Set)]
    pub s3_path_style: bool,
    /// The service may be reached without TLS.
    #[arg(long, env = "ASSAY_S3_ALLOW_HTTP", default_value_t = false, action = ArgAction::Set)]
    pub s3_allow_http: bool,
    /// PEM file of further authorities to believe.
    #[arg(long, env = "ASSAY_S3_CA_FILE")]
    pub s3_ca_file: Option<PathBuf>,
}

/// How long finished executions are kept.
#[derive(Clone, Debug, ClapArgs)]
pub struct RetentionArgs {
    /// Longest time after the end, for example 720h; without it for ever.
    #[arg(long = "retention-age", env = "ASSAY_RETENTION_AGE", value_parser = duration)]
    pub age: Option<Duration>,
    /// How many of each workflow, the newest first; without it all.
    #[arg(long = "retention-count", env = "ASSAY_RETENTION_COUNT")]
    pub count: Option<u32>,
}

/// Backups of the store.
#[derive(Clone, Debug, ClapArgs)]
pub struct BackupArgs {
    /// Folder for backups, each a folder that can be opened in place of the store; none are made without it.
    #[arg(long = "backup-dir", env = "ASSAY_BACKUP_DIR")]
    pub dir: Option<PathBuf>,
    /// Time between two backups.
    #[arg(long = "backup-every", env = "ASSAY_BACKUP_EVERY", default_value = "24h", value_parser = duration)]
    pub every: Duration,
    /// How many are kept.
    #[arg(long = "backup-keep", env = "ASSAY_BACKUP_KEEP", default_value_t = 7)]
    pub keep: usize,
}

impl StoreArgs {
    /// The store's own words for it.
    pub(crate) fn config(&self) -> StoreConfig {
        let bucket = self.s3_bucket.clone().filter(|bucket| !bucket.is_empty());
        let blobs = bucket.map_or(BlobsConfig::Folder, |bucket| {
            BlobsConfig::S3(S3Config {
                endpoint: self.s3_endpoint.clone(),
                bucket,
                region: self.s3_region.clone(),
                prefix: self.s3_prefix.clone(),
                allow_http: self.s3_allow_http,
                path_style: self.s3_path_style,
                ca_file: self.s3_ca_file.clone(),
                credentials: S3Credentials::Environment,
            })
        });
        StoreConfig { dir: self.data_dir.clone(), database: self.database_url.clone(), blobs, reserve: None }
    }
}

pub(crate) fn duration(text: &str) -> Result<Duration, DurationError> {
    DurationText::new(text).parse()
}
