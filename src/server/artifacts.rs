//! `GET .../executions/{name}/artifacts` and `GET .../artifacts/{path}`.

use assay_protocol::rest::ArtifactRecord;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::ask::At;
use crate::headers::disposition;
use crate::problem::Refusal;
use crate::state::Server;

/// What an execution collected.
pub(crate) async fn list(
    State(server): State<Server>,
    At((namespace, name)): At<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Vec<ArtifactRecord>>, Refusal> {
    let right = server.access.caller(&headers, &namespace, "artifacts", Some(&name)).await?;
    let record = right.execution(&server.store).await?;
    Ok(Json(server.store.artifacts().list(&record.uid).await?))
}

/// The bytes of one file.
pub(crate) async fn read(
    State(server): State<Server>,
    At((namespace, name, path)): At<(String, String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let right = server.access.caller(&headers, &namespace, "artifacts", Some(&name)).await?;
    let record = right.execution(&server.store).await?;
    let Some((artifact, bytes)) = server.store.artifacts().open(&record.uid, &path).await? else {
        return Err(Refusal::absent("the execution has no artifact of this name"));
    };
    let tag = format!("\"{}\"", artifact.sha256);
    let known = headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = Response::new(if known { Body::empty() } else { Body::from_stream(bytes) });
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    describe(response.headers_mut(), &artifact, known);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    Ok(response)
}

fn describe(headers: &mut HeaderMap, artifact: &ArtifactRecord, known: bool) {
    let charset = if artifact.content_type.starts_with("text/") { "; charset=utf-8" } else { "" };
    let media = HeaderValue::try_from(format!("{}{charset}", artifact.content_type));
    headers.insert(CONTENT_TYPE, media.unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(CONTENT_DISPOSITION, disposition(&artifact.name, &artifact.content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if !known {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(artifact.size));
    }
}
