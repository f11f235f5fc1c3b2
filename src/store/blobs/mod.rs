//! Where the bytes of artifacts lie: a folder, or a bucket.

mod credentials;
mod transport;

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ObjectStore, RetryConfig};

use crate::config::{BlobsConfig, S3Config, S3Credentials};
use crate::open_error::OpenError;
use credentials::Files;
use transport::Transport;

/// The runner tries again, and it is waiting: give up soon.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(5), base: 2. },
    max_retries: 6,
    retry_timeout: Duration::from_secs(30),
};

/// The place that the configuration names.
pub(crate) fn open(config: &BlobsConfig, dir: &FilePath) -> Result<Arc<dyn ObjectStore>, OpenError> {
    match config {
        BlobsConfig::Folder => Ok(Arc::new(LocalFileSystem::new_with_prefix(dir)?.with_automatic_cleanup(true))),
        BlobsConfig::S3(config) => bucket(config),
    }
}

fn bucket(config: &S3Config) -> Result<Arc<dyn ObjectStore>, OpenError> {
    let mut builder = match &config.credentials {
        S3Credentials::Environment => AmazonS3Builder::from_env(),
        S3Credentials::Files(folder) => AmazonS3Builder::new().with_credentials(Arc::new(Files::new(folder.clone()))),
    };
    builder = builder
        .with_bucket_name(&config.bucket)
        .with_allow_http(config.allow_http)
        .with_virtual_hosted_style_request(!config.path_style)
        .with_retry(RETRY)
        .with_http_connector(Transport::new(config)?);
    if let Some(region) = &config.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    let bucket = builder.build()?;
    Ok(if config.prefix.is_empty() {
        Arc::new(bucket)
    } else {
        Arc::new(PrefixStore::new(bucket, config.prefix.as_str()))
    })
}
