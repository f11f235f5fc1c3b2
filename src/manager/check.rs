//! `assay-manager check`: whether the installation works, seen from another
//! pod of its namespace. `helm test` runs it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use assay_api::names::LEASE;
use assay_cluster::{Cluster, ClusterError, ConnectError, ConnectOptions};
use assay_telemetry::error_chain;
use http_body_util::Empty;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Secret;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::args::CheckArgs;
use crate::definitions;
use crate::tls::SECRET;

/// Time for the server's answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why the installation does not work.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// There is no way to the cluster.
    #[error("the cluster cannot be used")]
    Connect(#[from] ConnectError),
    /// Something is wrong; each was printed.
    #[error("{0} of the checks failed")]
    Failed(usize),
}

/// Looks at everything, prints a line for each, and fails when one is wrong.
///
/// # Errors
/// When something does not work.
pub async fn check(args: &CheckArgs) -> Result<(), CheckError> {
    let cluster = Cluster::connect(&ConnectOptions { field: "assay-check".to_owned(), ..Default::default() }).await?;
    let namespace = args.watch_namespace.first().unwrap_or(&args.namespace);
    let kinds = definitions::all(&cluster, namespace).await;
    let results = [
        say("the kinds of assay.dev are served", kinds.map(|()| String::new())),
        say("a manager leads", leader(&cluster, args).await),
        say("the server answers with a certificate of its authority", server(&cluster, args).await),
    ];
    match results.iter().filter(|good| !**good).count() {
        0 => Ok(()),
        failed => Err(CheckError::Failed(failed)),
    }
}

fn say<E: std::error::Error>(what: &str, result: Result<String, E>) -> bool {
    match &result {
        Ok(detail) if detail.is_empty() => println!("ok    {what}"),
        Ok(detail) => println!("ok    {what}: {detail}"),
        Err(error) => println!("FAIL  {what}: {}", error_chain(error)),
    }
    result.is_ok()
}

/// Something that is not as it should be.
#[derive(Debug)]
struct Flaw(String);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Flaw {}

impl From<ClusterError> for Flaw {
    fn from(error: ClusterError) -> Self {
        Self(error_chain(&error))
    }
}

async fn leader(cluster: &Cluster, args: &CheckArgs) -> Result<String, Flaw> {
    let lease = cluster.get::<Lease>(&args.namespace, LEASE).await?;
    let holder = lease.and_then(|lease| lease.spec?.holder_identity).filter(|holder| !holder.is_empty());
    holder.ok_or_else(|| Flaw(format!("nobody holds the Lease {LEASE} in namespace {}", args.namespace)))
}

async fn server(cluster: &Cluster, args: &CheckArgs) -> Result<String, Flaw> {
    let secret = cluster.get::<Secret>(&args.namespace, SECRET).await?;
    let authority = secret.and_then(|secret| secret.data?.remove("ca.crt"));
    let authority = authority.ok_or_else(|| Flaw(format!("the Secret {SECRET} has no ca.crt")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&authority.0) {
        let added =
            certificate.map_err(|error| error.to_string()).and_then(|c| roots.add(c).map_err(|e| e.to_string()));
        added.map_err(|error| Flaw(format!("ca.crt of the Secret {SECRET} cannot be used: {error}")))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Flaw(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let https = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
    let client: Client<_, Empty<&[u8]>> = Client::builder(TokioExecutor::new()).build(https);
    let url = format!("https://{}.{}.svc:443/", args.service, args.namespace);
    let uri = url.parse().map_err(|_| Flaw(format!("{url} is no address")))?;
    match tokio::time::timeout(PATIENCE, client.get(uri)).await {
        Ok(Ok(_)) => Ok(url),
        Ok(Err(error)) => Err(Flaw(format!("{url}: {}", error_chain(&error)))),
        Err(_) => Err(Flaw(format!("{url} did not answer within {} s", PATIENCE.as_secs()))),
    }
}
