//! A very small HTTP client for loopback servers: one request, one answer, over
//! plain TCP or TLS. It speaks HTTP/1.0, so an answer is never chunked and ends
//! with the connection.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The connection failed or broke.
    #[error("no answer from {0}")]
    Connection(SocketAddr, #[source] io::Error),
    /// The answer is not HTTP.
    #[error("the answer of {0} is not HTTP")]
    Malformed(SocketAddr),
    /// Certificates or keys are missing or broken.
    #[error("cannot use the certificates for {0}")]
    Credentials(SocketAddr, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Certificate authority and, perhaps, a client certificate.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The authority that signed the server's certificate.
    pub authority: &'a Path,
    /// Certificate and key to show to the server.
    pub client: Option<(&'a Path, &'a Path)>,
}

/// A server on this machine.
#[derive(Debug, Clone)]
pub struct Server {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
}

/// A request; `Request::get` covers most.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub path: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// The longest wait for connecting, and for each piece of the answer.
    pub patience: Duration,
}

impl<'a> Request<'a> {
    /// A GET that waits two seconds at most.
    #[must_use]
    pub fn get(path: &'a str) -> Self {
        Self { method: "GET", path, headers: &[], body: &[], patience: Duration::from_secs(2) }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the status is 2xx.
    #[must_use]
    pub fn ok(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Server {
    /// A server without TLS.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// A server with TLS.
    ///
    /// # Errors
    /// When the certificates cannot be read.
    pub fn secure(address: SocketAddr, credentials: Credentials<'_>) -> Result<Self, HttpError> {
        let config = client_config(credentials).map_err(|source| HttpError::Credentials(address, source))?;
        Ok(Self { address, tls: Some(Arc::new(config)) })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When there is no answer, or none that is HTTP.
    pub fn send(&self, request: &Request<'_>) -> Result<Response, HttpError> {
        let raw = self.exchange(request).map_err(|e| HttpError::Connection(self.address, e))?;
        parse(&raw).ok_or(HttpError::Malformed(self.address))
    }

    fn exchange(&self, request: &Request<'_>) -> io::Result<Vec<u8>> {
        let tcp = TcpStream::connect_timeout(&self.address, request.patience)?;
        tcp.set_read_timeout(Some(request.patience))?;
        tcp.set_write_timeout(Some(request.patience))?;
        tcp.set_nodelay(true)?;
        let Some(config) = &self.tls else { return talk(tcp, self.address, request) };
        let name = ServerName::from(self.address.ip());
        let connection = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
        talk(StreamOwned::new(connection, tcp), self.address, request)
    }
}

fn talk(mut stream: impl Read + Write, address: SocketAddr, request: &Request<'_>) -> io::Result<Vec<u8>> {
    let mut message = format!("{} {} HTTP/1.0\r\nHost: {address}\r\n", request.method, request.path).into_bytes();
    let mut headers = String::new();
    for (name, value) in request.headers {
        let _ = write!(headers, "{name}: {value}\r\n");
    }
    let _ = write!(headers, "Content-Length: {}\r\n\r\n", request.body.len());
    message.extend_from_slice(headers.as_bytes());
    message.extend_from_slice(request.body);
    stream.write_all(&message)?;
    stream.flush()?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // Some servers close without saying goodbye; the length is checked later.
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => Err(error),
        _ => Ok(answer),
    }
}

fn parse(raw: &[u8]) -> Option<Response> {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(raw.get(..end)?).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let response = Response { status, headers, body: raw.get(end + 4..)?.to_vec() };
    Some(response)
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

fn client_config(credentials: Credentials<'_>) -> Result<ClientConfig, AnyError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(credentials.authority)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let Some((certificate, key)) = credentials.client else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = CertificateDer::pem_file_iter(certificate)?.collect::<Result<Vec<_>, _>>()?;
    Ok(builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = parse(b"HTTP/1.0 201 Created\r\nDocker-Content-Digest: sha256:1\r\n\r\nhi").unwrap();
        assert_eq!(answer.status, 201);
        assert!(answer.ok());
        assert_eq!(answer.header("docker-content-digest"), Some("sha256:1"));
        assert_eq!(answer.body, b"hi");
    }

    #[test]
    fn noise_is_not_an_answer() {
        assert!(parse(b"220 mail ready\r\n").is_none());
        assert!(parse(b"").is_none());
    }
}
