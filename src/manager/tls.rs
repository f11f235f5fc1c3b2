//! The server's certificates: kept in a Secret, made when it is missing, and
//! renewed under the same authority, so that running pods stay connected.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_api::names::{FIELD_MANAGER_OPERATOR, LABEL_MANAGED_BY, MANAGED_BY};
use assay_cluster::{Cluster, ClusterError};
use assay_server::{Certificates, CertificatesError, ServeError, tls_config};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use rustls::ServerConfig;
use tokio::sync::watch;

/// Name of the Secret.
pub(crate) const SECRET: &str = "assay-tls";
/// Time between two looks at the age of the certificate.
const LOOK: Duration = Duration::from_secs(12 * 3600);

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The Secret cannot be read or written.
    #[error("the Secret {SECRET} cannot be used")]
    Cluster(#[from] ClusterError),
    /// They cannot be made.
    #[error("the server's certificates cannot be made")]
    Certificates(#[from] CertificatesError),
    /// They cannot be served with.
    #[error("the server's certificates cannot be used")]
    Serve(#[from] ServeError),
}

/// The certificates: as they are kept, renewed when due, made when missing.
pub(crate) async fn certificates(
    cluster: &Cluster,
    namespace: &str,
    names: &[String],
) -> Result<Certificates, TlsError> {
    let now = Timestamp::now();
    let kept = cluster.get::<Secret>(namespace, SECRET).await?.and_then(|secret| secret.data);
    let kept = kept.map(|data| Certificates::from_secret(&text(data))).transpose();
    let kept = kept.unwrap_or_else(|error| {
        tracing::warn!(error = error_chain(&error), secret = SECRET, "the kept certificates are made anew");
        None
    });
    let certificates = match kept {
        Some(kept) if !kept.is_due(names, now) => return Ok(kept),
        Some(kept) => kept.renew(names, now)?,
        None => Certificates::create(names, now)?,
    };
    cluster.apply(&secret(namespace, &certificates), FIELD_MANAGER_OPERATOR).await?;
    tracing::info!(secret = SECRET, names = names.join(" "), "the server has a new certificate");
    Ok(certificates)
}

/// Looks at the age of the certificate from time to time, until dropped.
pub(crate) async fn renew(
    cluster: Cluster,
    namespace: String,
    names: Vec<String>,
    served: watch::Sender<Arc<ServerConfig>>,
) {
    loop {
        tokio::time::sleep(LOOK).await;
        let config = certificates(&cluster, &namespace, &names).await;
        match config.and_then(|certificates| Ok(tls_config(&certificates)?)) {
            Ok(config) => drop(served.send_replace(config)),
            Err(error) => tracing::error!(error = error_chain(&error), "the certificate was not looked at"),
        }
    }
}

fn text(data: BTreeMap<String, ByteString>) -> BTreeMap<String, String> {
    data.into_iter().filter_map(|(name, value)| Some((name, String::from_utf8(value.0).ok()?))).collect()
}

fn secret(namespace: &str, certificates: &Certificates) -> Secret {
    let data = certificates.to_secret().into_iter().map(|(name, value)| (name, ByteString(value.into_bytes())));
    Secret {
        metadata: ObjectMeta {
            name: Some(SECRET.to_owned()),
            namespace: Some(namespace.to_owned()),
            labels: Some(BTreeMap::from([(LABEL_MANAGED_BY.to_owned(), MANAGED_BY.to_owned())])),
            ..ObjectMeta::default()
        },
        data: Some(data.collect()),
        ..Secret::default()
    }
}
