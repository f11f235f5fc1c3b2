//! TLS in front of the routes: accepts, serves, and ends in order.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::authority::Certificates;

/// Time that a client has to finish its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Time between two requests of a connection, headers included: a runner whose
/// step is silent for long must not have to connect again for its last word.
const HEADERS: Duration = Duration::from_secs(300);

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// What should be PEM is not.
    #[error("the certificate or key of the server cannot be read")]
    Pem(#[from] pem::Error),
    /// Certificate and key do not go together.
    #[error("the certificate of the server cannot be used")]
    Tls(#[from] rustls::Error),
}

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub struct ServeOptions {
    /// Connections at a time; more wait in the backlog.
    pub connections: usize,
    /// Time that answers have to end once the process is to end.
    pub grace: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self { connections: 8192, grace: Duration::from_secs(10) }
    }
}

/// What rustls needs to serve with these certificates.
///
/// # Errors
/// When the PEM cannot be read or the parts do not go together.
pub fn tls_config(certificates: &Certificates) -> Result<Arc<ServerConfig>, ServeError> {
    let chain = CertificateDer::pem_slice_iter(certificates.certificate.as_bytes()).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Serves until `shutdown` is done, then lets running answers end within the
/// grace; followers end at once when [`crate::Closing`] is set then. A new configuration in `tls` counts from the next connection on.
pub async fn serve(
    listener: TcpListener,
    tls: watch::Receiver<Arc<ServerConfig>>,
    router: Router,
    options: ServeOptions,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(options.connections));
    tokio::pin!(shutdown);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (stream, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut shutdown => break,
        };
        let stream = match stream {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let acceptor = TlsAcceptor::from(Arc::clone(&tls.borrow()));
        let (router, watcher) = (router.clone(), graceful.watcher());
        tokio::spawn(async move {
            connection(stream, acceptor, router, watcher).await;
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(options.grace, graceful.shutdown()).await.is_err() {
        tracing::warn!("answers that did not end in time are broken off");
    }
}

async fn connection(stream: TcpStream, acceptor: TlsAcceptor, router: Router, watcher: Watcher) {
    // The last word of a run must not wait for company.
    let _ = stream.set_nodelay(true);
    let stream = match tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "a client did not finish its handshake"),
        Err(_) => return tracing::debug!("a client did not finish its handshake in time"),
    };
    let service =
        TowerToHyperService::new(router.map_request(|request: http::Request<Incoming>| request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// A refused connection is nothing; without free files it takes a moment until
/// there are some again.
async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    if !matches!(error.kind(), ConnectionAborted | ConnectionReset) {
        tracing::warn!(%error, "a connection was not accepted");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
