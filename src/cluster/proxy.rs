//! Assay's server, reached through the API server's service proxy: whoever
//! can speak to the cluster can speak to it, without an address of its own.

use assay_api::names::HEADER_AUTHORIZATION;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;

use crate::connect::{Cluster, within};
use crate::error::{Cause, ClusterError};

/// A GET to a port of a Service that speaks TLS.
#[derive(Clone, Debug)]
pub struct ProxyRequest<'a> {
    /// Namespace of the Service.
    pub namespace: &'a str,
    /// Name of the Service.
    pub service: &'a str,
    /// Name or number of its port.
    pub port: &'a str,
    /// Path and query, percent-encoded, beginning with `/`.
    pub path: &'a str,
    /// Token of the caller; the API server strips the usual header.
    pub token: &'a str,
    /// Further headers.
    pub headers: &'a [(&'a str, &'a str)],
}

/// The answer, its body still on the way.
pub struct ProxyAnswer {
    /// HTTP status: the server's, or the API server's when it did not get through.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body, as it comes.
    pub body: BoxStream<'static, Result<Bytes, ClusterError>>,
}

impl Cluster {
    /// Sends a GET through the service proxy. The deadline is for the headers;
    /// the body may take as long as it likes.
    ///
    /// # Errors
    /// When the API server does not answer. A status that is not success is an answer.
    pub async fn service_get(&self, request: &ProxyRequest<'_>) -> Result<ProxyAnswer, ClusterError> {
        let what = format!("reach service {} in namespace {}", request.service, request.namespace);
        let wire = wire_request(request)
            .map_err(|error| ClusterError::new(what.clone(), Cause::Client(kube::Error::HttpError(error))))?;
        let answer = within(what.clone(), self.client.send(wire)).await?;
        let (parts, body) = answer.into_parts();
        let body = body
            .into_data_stream()
            .map(move |piece| piece.map_err(|error| ClusterError::new(what.clone(), Cause::from(error))));
        Ok(ProxyAnswer { status: parts.status, headers: parts.headers, body: body.boxed() })
    }
}

fn wire_request(request: &ProxyRequest<'_>) -> Result<Request<Body>, http::Error> {
    let ProxyRequest { namespace, service, port, path, token, headers } = request;
    let uri = format!("/api/v1/namespaces/{namespace}/services/https:{service}:{port}/proxy{path}");
    let mut token = HeaderValue::try_from(format!("Bearer {token}"))?;
    token.set_sensitive(true);
    let mut wire = Request::get(uri).header(HEADER_AUTHORIZATION, token);
    for (name, value) in *headers {
        wire = wire.header(HeaderName::try_from(*name)?, HeaderValue::try_from(*value)?);
    }
    wire.body(Body::empty())
}
