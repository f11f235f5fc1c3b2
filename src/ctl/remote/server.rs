//! Assay's server, reached through the API server.

use assay_api::names::{SERVICE, SERVICE_PORT};
use assay_cluster::{Cluster, ClusterError, ProxyAnswer, ProxyRequest, TokenError};
use assay_protocol::rest::Problem;
use assay_telemetry::error_chain;
use bytes::Bytes;
use futures::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::output::terminal::plain;
use crate::program::called;

/// Why the server did not answer as wished.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    /// The API server did not get through to it.
    #[error("Assay's server is not reachable: {0}")]
    Away(String),
    /// It does not know the execution, or what was asked of it.
    #[error("{0}")]
    Absent(String),
    /// It refuses us.
    #[error("Assay's server refuses: {0}")]
    Refused(String),
    /// We have no token for it.
    #[error("there is no token for Assay's server")]
    Token(#[source] TokenError),
    /// The cluster did not answer.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The answer makes no sense.
    #[error("Assay's server gave an answer that makes no sense")]
    Odd(#[source] serde_json::Error),
}

impl RemoteError {
    /// Whether it may go away by itself.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Away(_) | Self::Absent(_) => true,
            Self::Cluster(error) => error.unreachable(),
            Self::Refused(_) | Self::Token(_) | Self::Odd(_) => false,
        }
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::Cluster(error) => error.into(),
            RemoteError::Token(error) => error.into(),
            RemoteError::Away(_) => Self::errored(error_chain(&error))
                .hint(format!("is Assay running, and is --assay-namespace right? `{} doctor` looks", called())),
            other => Self::errored(error_chain(&other)),
        }
    }
}

/// What the API server says when it cannot, or will not, pass a request on.
#[derive(Deserialize)]
struct Status {
    kind: String,
    #[serde(default)]
    message: String,
}

/// In which form an answer is wanted.
#[derive(Debug)]
pub(crate) struct Want {
    media: &'static str,
    behind: Option<String>,
}

impl Want {
    /// As this media type.
    pub(crate) const fn media(media: &'static str) -> Self {
        Self { media, behind: None }
    }

    /// As events, those behind an id.
    pub(crate) const fn events(behind: Option<String>) -> Self {
        Self { media: "text/event-stream", behind }
    }
}

/// The server's side of one execution.
pub(crate) struct Remote {
    cluster: Cluster,
    system: String,
    base: String,
    token: Mutex<Option<String>>,
}

impl Remote {
    /// The way to the server in namespace `system`.
    pub(crate) fn new(cluster: Cluster, system: &str, namespace: &str, execution: &str) -> Self {
        let base = format!("/api/v1/namespaces/{namespace}/executions/{execution}");
        Self { cluster, system: system.to_owned(), base, token: Mutex::new(None) }
    }

    /// The way to the server for no execution: paths count from the namespace.
    pub(crate) fn of_namespace(cluster: Cluster, system: &str, namespace: &str) -> Self {
        let base = format!("/api/v1/namespaces/{namespace}");
        Self { cluster, system: system.to_owned(), base, token: Mutex::new(None) }
    }

    /// Opens `tail` of the execution, for example `/logs?follow=true`.
    ///
    /// # Errors
    /// When the answer is not success.
    pub(crate) async fn open(&self, tail: &str, want: &Want) -> Result<ProxyAnswer, RemoteError> {
        let path = format!("{}{tail}", self.base);
        let answer = self.send(&path, want).await?;
        if answer.status != 401 {
            return judge(answer).await;
        }
        // The token may have run out in the meantime.
        self.token.lock().await.take();
        judge(self.send(&path, want).await?).await
    }

    async fn send(&self, path: &str, want: &Want) -> Result<ProxyAnswer, RemoteError> {
        let token = self.token().await?;
        let mut headers = vec![("accept", want.media)];
        headers.extend(want.behind.as_deref().map(|id| ("last-event-id", id)));
        let request = ProxyRequest {
            namespace: &self.system,
            service: SERVICE,
            port: SERVICE_PORT,
            path,
            token: &token,
            headers: &headers,
        };
        Ok(self.cluster.service_get(&request).await?)
    }

    /// The JSON at `tail`.
    ///
    /// # Errors
    /// When the answer is not success, or not what was expected.
    pub(crate) async fn json<T: DeserializeOwned>(&self, tail: &str) -> Result<T, RemoteError> {
        let answer = self.open(tail, &Want::media("application/json")).await?;
        let bytes = collect(answer, usize::MAX).await?;
        serde_json::from_slice(&bytes).map_err(RemoteError::Odd)
    }

    async fn token(&self) -> Result<String, RemoteError> {
        let mut token = self.token.lock().await;
        if let Some(known) = token.as_ref() {
            return Ok(known.clone());
        }
        let fresh = self.cluster.caller_token(&self.system).await.map_err(RemoteError::Token)?;
        Ok(token.insert(fresh).clone())
    }
}

async fn judge(answer: ProxyAnswer) -> Result<ProxyAnswer, RemoteError> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let code = answer.status;
    let body = collect(answer, 64 * 1024).await?;
    if let Ok(problem) = serde_json::from_slice::<Problem>(&body) {
        let words = plain(&format!("{}: {}", problem.title, problem.detail));
        return Err(match code.as_u16() {
            404 => RemoteError::Absent(words),
            400..=499 => RemoteError::Refused(words),
            _ => RemoteError::Away(words),
        });
    }
    let status = serde_json::from_slice::<Status>(&body).ok().filter(|status| status.kind == "Status");
    let words = status.map_or_else(|| format!("status {code}"), |status| plain(&status.message));
    Err(match code.as_u16() {
        401 | 403 => RemoteError::Refused(words),
        _ => RemoteError::Away(words),
    })
}

async fn collect(mut answer: ProxyAnswer, limit: usize) -> Result<Vec<u8>, ClusterError> {
    let mut bytes = Vec::new();
    while let Some(piece) = answer.body.next().await {
        let piece: Bytes = piece?;
        bytes.extend_from_slice(&piece);
        if bytes.len() >= limit {
            break;
        }
    }
    Ok(bytes)
}

/// A text as part of a path or query; `/` stays when it is a path.
pub(crate) fn encode(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            b'/' if keep_slash => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_encoded() {
        assert_eq!(encode("a b/ä?.txt", true), "a%20b/%C3%A4%3F.txt");
        assert_eq!(encode("a/b&c", false), "a%2Fb%26c");
    }
}
