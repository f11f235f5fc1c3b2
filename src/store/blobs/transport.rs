//! How a bucket is reached: the HTTP and TLS that the rest of the house uses.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector as Connector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::S3Config;
use crate::open_error::OpenError;

const CONNECT: Duration = Duration::from_secs(5);
/// From the request to the head of the answer; a piece of 5 MiB is sent in it.
const HEAD: Duration = Duration::from_secs(60);
/// A peer that is silent for so long is gone.
const SILENCE: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);

/// Makes the client of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    client: Client<HttpsConnector<HttpConnector>, HttpRequestBody>,
}

impl Transport {
    pub(super) fn new(config: &S3Config) -> Result<Self, OpenError> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        http.set_keepalive(Some(SILENCE));
        http.set_tcp_user_timeout(Some(SILENCE));
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the versions of TLS that it was built with")
            .with_root_certificates(roots(config.ca_file.as_deref())?)
            .with_no_client_auth();
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls);
        let builder = if config.allow_http { builder.https_or_http() } else { builder.https_only() };
        let connector = builder.enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client })
    }
}

/// The well-known authorities, and those of the file.
fn roots(file: Option<&Path>) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let Some(file) = file else { return Ok(roots) };
    let problem = |problem: String| OpenError::File { path: file.display().to_string(), problem };
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| problem(error.to_string()))?;
    let mut found = 0;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| problem(error.to_string()))?;
        roots.add(certificate).map_err(|error| problem(error.to_string()))?;
        found += 1;
    }
    if found == 0 { Err(problem("it holds no certificate in PEM".to_owned())) } else { Ok(roots) }
}

impl Connector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// The service took too long.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", HEAD.as_secs())]
struct Late;

impl HttpService for Transport {
    fn call<'a, 'async_trait>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            match tokio::time::timeout(HEAD, self.client.request(request)).await {
                Ok(Ok(response)) => Ok(response.map(|body| {
                    HttpResponseBody::new(body.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error)))
                })),
                Ok(Err(error)) if error.is_connect() => Err(HttpError::new(HttpErrorKind::Connect, error)),
                Ok(Err(error)) => Err(HttpError::new(HttpErrorKind::Request, error)),
                Err(_) => Err(HttpError::new(HttpErrorKind::Timeout, Late)),
            }
        })
    }
}
