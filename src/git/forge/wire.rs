//! Requests to a forge: over the HTTP and TLS that the rest of the house uses, with limits in time and size.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, RETRY_AFTER, USER_AGENT};
use http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

use super::error::ForgeError;
use crate::complaint;
use crate::secret::Secret;

const CONNECT: Duration = Duration::from_secs(10);
/// From the request to the end of the answer.
const TIME: Duration = Duration::from_secs(30);
const IDLE: Duration = Duration::from_secs(60);
/// Bytes of an answer.
const ANSWER: usize = 4 << 20;
/// Characters of a refusal that are shown.
const SHOWN: usize = 300;
/// A forge that wants a longer pause is asked again after this one.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// A way to one forge.
pub(crate) struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    header: (HeaderName, HeaderValue),
    token: Secret,
}

/// What a forge answered.
#[derive(Debug)]
pub(crate) struct Reply {
    doing: &'static str,
    pub(crate) status: u16,
    /// `null` when it is no JSON.
    pub(crate) body: Value,
    text: String,
    retry_after: Option<Duration>,
}

impl Wire {
    /// `scheme` comes before the token in the header.
    pub(crate) fn new(
        base: String,
        header: HeaderName,
        scheme: &str,
        token: &Secret,
        ca: Option<&str>,
    ) -> Result<Self, ForgeError> {
        let token = Secret::new(token.reveal().trim());
        let mut value = HeaderValue::from_str(&format!("{scheme}{}", token.reveal()))
            .map_err(|_| ForgeError::Target("its token is not one line of plain characters".to_owned()))?;
        value.set_sensitive(true);
        if token.reveal().is_empty() {
            return Err(ForgeError::Target("its token is empty".to_owned()));
        }
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT));
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider knows the versions of TLS that it was built with")
            .with_root_certificates(roots(ca)?)
            .with_no_client_auth();
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Ok(Self { client, base, header: (header, value), token })
    }

    /// One request; `path` begins with `/`. Answers of every status but those of a server in trouble.
    pub(crate) async fn call(
        &self,
        doing: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, ForgeError> {
        let reply = tokio::time::timeout(TIME, self.exchange(doing, method, path, body)).await;
        let reply = reply.map_err(|_| ForgeError::Late { doing, limit: TIME })??;
        if matches!(reply.status, 429 | 500..=599) || (reply.status == 403 && reply.retry_after.is_some()) {
            return Err(self.refused(&reply));
        }
        Ok(reply)
    }

    /// The same, and only success is taken.
    pub(crate) async fn good(
        &self,
        doing: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ForgeError> {
        let reply = self.call(doing, method, path, body).await?;
        if matches!(reply.status, 200..=299) { Ok(reply.body) } else { Err(self.refused(&reply)) }
    }

    async fn exchange(
        &self,
        doing: &'static str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, ForgeError> {
        let odd = |why: String| ForgeError::Odd { doing, why };
        #[cfg(feature = "crash-points")]
        let writes = method != Method::GET;
        let unreachable = |why: String| ForgeError::Unreachable { doing, why: complaint::cut(&why, SHOWN) };
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header(&self.header.0, &self.header.1)
            // GitHub answers nobody who does not say who he is.
            .header(USER_AGENT, "assay")
            .header(ACCEPT, "application/json");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let request = request.body(Full::new(bytes)).map_err(|error| odd(error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| unreachable(causes(&error)))?;
        let status = response.status().as_u16();
        let retry_after = pause(response.headers());
        let body = Limited::new(response.into_body(), ANSWER).collect().await;
        let bytes = body.map_err(|error| unreachable(error.to_string()))?.to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        #[cfg(feature = "crash-points")]
        if writes {
            assay_telemetry::crash::point(&format!("ask the forge to {doing}"));
        }
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * SHOWN)]).into_owned();
        Ok(Reply { doing, status, body, text, retry_after })
    }

    /// What the forge says, without the token, should it repeat it.
    pub(crate) fn refused(&self, reply: &Reply) -> ForgeError {
        let said = said(&reply.body).unwrap_or_else(|| reply.text.clone());
        let said = complaint::scrub(said.as_bytes(), std::slice::from_ref(&self.token));
        ForgeError::Refused {
            doing: reply.doing,
            status: reply.status,
            said: complaint::cut(&said, SHOWN),
            retry_after: reply.retry_after,
        }
    }
}

/// The message of a refusal, and what is wrong in detail, as the forges put them.
fn said(body: &Value) -> Option<String> {
    let message = ["message", "error", "error_description"].iter().find_map(|name| body.get(name))?;
    let message = message.as_str().map_or_else(|| message.to_string(), str::to_owned);
    let details = body["errors"].as_array().into_iter().flatten();
    let details = details.filter_map(|error| error["message"].as_str().or_else(|| error.as_str()));
    Some(std::iter::once(message.as_str()).chain(details).collect::<Vec<_>>().join(": "))
}

/// When to come again: by `Retry-After`, or because GitHub's allowance is used up.
fn pause(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok());
    let asked = number(RETRY_AFTER.as_str()).map(Duration::from_secs);
    let used_up = (number("x-ratelimit-remaining") == Some(0)).then_some(Duration::from_secs(60));
    asked.or(used_up).map(|pause| pause.min(LONGEST_PAUSE))
}

fn causes(error: &dyn std::error::Error) -> String {
    assay_telemetry::error_chain(error).to_string()
}

fn roots(ca: Option<&str>) -> Result<RootCertStore, ForgeError> {
    let Some(ca) = ca else {
        return Ok(RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()));
    };
    let odd = || ForgeError::Target("its authority is no certificate in PEM".to_owned());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ca.as_bytes()) {
        roots.add(certificate.map_err(|_| odd())?).map_err(|_| odd())?;
    }
    if roots.is_empty() { Err(odd()) } else { Ok(roots) }
}

/// For one part of a path, or a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    complaint::encoded(text)
}

/// What a field of an answer must be.
pub(crate) fn field<'a, T>(
    doing: &'static str,
    body: &'a Value,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, ForgeError> {
    read(&body[name]).ok_or_else(|| ForgeError::Odd { doing, why: format!("it has no field {name:?}") })
}
