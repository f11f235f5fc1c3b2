//! Connections to the server: TLS with the authority of the plan and no other,
//! HTTP/1.1, one request at a time on each.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_protocol::Server;
use assay_protocol::ingest::{Hello, Welcome};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::body::Payload;
use super::provider::provider;

/// Time to reach the server and agree on keys.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer that is read, in bytes.
const ANSWER_LIMIT: usize = 256 * 1024;
/// How much of a refusal is shown.
const DETAIL: usize = 200;

/// Why the plan's server cannot be spoken to at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressError {
    /// The address is none.
    #[error("{0:?} is not the https address of a server")]
    Url(String),
    /// The authority is none.
    #[error("the server's certificate authority is not usable")]
    Authority,
}

/// Why a request did not succeed.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    /// No connection, or it broke. Worth another try on a new one.
    #[error("the server cannot be reached: {0}")]
    Lost(String),
    /// The server cannot or does not want to answer now. Worth another try later.
    #[error("the server answers {0}")]
    Later(StatusCode),
    /// The server will never accept this.
    #[error("the server answers {status}: {detail}")]
    Refused {
        /// Its status.
        status: StatusCode,
        /// What it says.
        detail: String,
    },
}

/// What is needed to open connections.
#[derive(Debug)]
pub(super) struct Client {
    host: String,
    port: u16,
    base: String,
    name: ServerName<'static>,
    tls: Arc<ClientConfig>,
    token_file: PathBuf,
    hello: Bytes,
}

/// A connection that the server has welcomed.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Payload>,
    host: String,
    base: String,
    token: String,
}

impl Client {
    pub(super) fn new(server: &Server, token_file: PathBuf, hello: &Hello) -> Result<Self, AddressError> {
        let bad_url = || AddressError::Url(server.url.clone());
        let uri: Uri = server.url.parse().map_err(|_| bad_url())?;
        let host = uri.host().filter(|_| uri.scheme_str() == Some("https")).ok_or_else(bad_url)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| bad_url())?;
        let hello = serde_json::to_vec(hello).expect("plain data").into();
        Ok(Self {
            port: uri.port_u16().unwrap_or(443),
            base: uri.path().trim_end_matches('/').to_owned(),
            host,
            name,
            tls: Arc::new(trust(&server.ca)?),
            token_file,
            hello,
        })
    }

    /// Opens a connection and says hello on it.
    pub(super) async fn open(&self) -> Result<(Connection, Welcome), CallError> {
        // Read each time: the kubelet replaces the token before it expires.
        let token = std::fs::read_to_string(&self.token_file)
            .map_err(|error| CallError::Lost(format!("the token cannot be read: {error}")))?;
        let sender = tokio::time::timeout(CONNECT, self.connect())
            .await
            .map_err(|_| CallError::Lost("it does not answer".to_owned()))??;
        let host = format!("{}:{}", self.host, self.port);
        let mut connection = Connection { sender, host, base: self.base.clone(), token: token.trim().to_owned() };
        let answer = connection.call(Method::POST, "hello", JSON, Payload::Bytes(self.hello.clone()), CONNECT).await?;
        if answer.status == StatusCode::CONFLICT {
            // Another plan, or another run, has this name there; that will not change.
            return Err(CallError::Refused { status: answer.status, detail: detail(&answer.body) });
        }
        Ok((connection, answer.json()?))
    }

    async fn connect(&self) -> Result<SendRequest<Payload>, CallError> {
        let lost = |error: std::io::Error| CallError::Lost(error.to_string());
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(lost)?;
        stream.set_nodelay(true).map_err(lost)?;
        let secure =
            TlsConnector::from(Arc::clone(&self.tls)).connect(self.name.clone(), stream).await.map_err(lost)?;
        let (sender, connection) =
            handshake(TokioIo::new(secure)).await.map_err(|error| CallError::Lost(error.to_string()))?;
        tokio::spawn(async move {
            // Its end shows in the next request.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

/// Only the plan's authority is trusted.
fn trust(ca: &str) -> Result<ClientConfig, AddressError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        let certificate = certificate.map_err(|_| AddressError::Authority)?;
        roots.add(certificate).map_err(|_| AddressError::Authority)?;
    }
    if roots.is_empty() {
        return Err(AddressError::Authority);
    }
    let provider = Arc::new(provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| AddressError::Authority)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// Media type of documents.
pub(super) const JSON: &str = "application/json";
/// Media type of everything else.
pub(super) const OCTETS: &str = "application/octet-stream";

/// What the server answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    body: Bytes,
}

impl Answer {
    pub(super) fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| CallError::Lost(format!("its answer is odd: {error}")))
    }

    /// The document, if there is one: older servers answer some requests with nothing.
    pub(super) fn json_if_any<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

impl Connection {
    /// One request; `target` follows `/ingest/v1/`. Answers 2xx and 409.
    pub(super) async fn call(
        &mut self,
        method: Method,
        target: &str,
        kind: &str,
        payload: Payload,
        patience: Duration,
    ) -> Result<Answer, CallError> {
        tokio::time::timeout(patience, self.exchange(method, target, kind, payload))
            .await
            .map_err(|_| CallError::Lost("it does not answer".to_owned()))?
    }

    async fn exchange(
        &mut self,
        method: Method,
        target: &str,
        kind: &str,
        payload: Payload,
    ) -> Result<Answer, CallError> {
        let lost = |error: hyper::Error| CallError::Lost(error.to_string());
        let length = hyper::body::Body::size_hint(&payload).lower();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}/ingest/v1/{target}", self.base))
            .header(HOST, &self.host)
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .header(CONTENT_TYPE, kind)
            .header(CONTENT_LENGTH, length)
            .body(payload)
            .map_err(|error| CallError::Lost(format!("the request cannot be formed: {error}")))?;
        self.sender.ready().await.map_err(lost)?;
        let response = self.sender.send_request(request).await.map_err(lost)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_LIMIT).collect().await;
        let body = body.map_err(|error| CallError::Lost(error.to_string()))?.to_bytes();
        classify(status, body)
    }
}

fn classify(status: StatusCode, body: Bytes) -> Result<Answer, CallError> {
    if status.is_success() || status == StatusCode::CONFLICT {
        return Ok(Answer { status, body });
    }
    // 401 and 403 pass: the token is replaced, or the server has not yet seen the pod.
    let later = [
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_server_error() || later.contains(&status) {
        return Err(CallError::Later(status));
    }
    Err(CallError::Refused { status, detail: detail(&body) })
}

/// The beginning of what a server says.
fn detail(body: &[u8]) -> String {
    String::from_utf8_lossy(body).chars().take(DETAIL).collect()
}
