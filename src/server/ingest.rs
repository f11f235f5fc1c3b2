//! What runners send: the table is in `assay_protocol::ingest`.

use std::io;

use assay_protocol::ingest::{Acknowledged, Commands, Hello, LEADER_GROUP, Stored, Welcome};
use assay_protocol::{PROTOCOL_VERSION, Progress};
use assay_report::TestReport;
use assay_store::{AppendError, ArtifactError};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{Stream, StreamExt, future};
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::ask::{Ask, At, json, whole};
use crate::commands;
use crate::problem::Refusal;
use crate::state::Server;

const HELLO_LIMIT: usize = 64 * 1024;
const RECORD_LIMIT: usize = 8 * 1024 * 1024;
const LOG_LIMIT: usize = 1024 * 1024;
const ARTIFACT_LIMIT: u64 = 2 * 1024 * 1024 * 1024;
/// Step groups that a pod can have; far more than containers fit in a pod.
const GROUP_LIMIT: u16 = 256;
const STEP_LIMIT: usize = 256;

/// `POST /ingest/v1/hello`: what the server holds of the run's logs.
pub(crate) async fn hello(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Welcome>, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    let hello: Hello = json(body, HELLO_LIMIT).await?;
    if hello.version != PROTOCOL_VERSION {
        return Err(Refusal::bad(format!("the server speaks version {PROTOCOL_VERSION} of the protocol")));
    }
    if hello.execution_uid != key.execution_uid || hello.attempt != key.attempt {
        return Err(Refusal::forbidden("the token is that of another execution or attempt"));
    }
    server.store.enlist(&key).await?;
    let acknowledged = server.store.logs().lengths(&key).await.map_err(|error| Refusal::unavailable(&error))?;
    Ok(Json(Welcome { acknowledged }))
}

/// Where a piece of log belongs.
#[derive(Deserialize)]
pub(crate) struct Place {
    offset: u64,
}

/// `POST /ingest/v1/logs/{group}?offset=N`: whole frames.
pub(crate) async fn logs(
    State(server): State<Server>,
    At(group): At<u16>,
    Ask(Place { offset }): Ask<Place>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    if group >= GROUP_LIMIT && group != LEADER_GROUP {
        return Err(Refusal::bad(format!("a group is below {GROUP_LIMIT}, or {LEADER_GROUP}")));
    }
    let bytes = whole(body, LOG_LIMIT).await?;
    match server.store.logs().append(&key, group, offset, bytes).await {
        Ok(acknowledged) => Ok(Json(Acknowledged { acknowledged }).into_response()),
        Err(AppendError::Gap { acknowledged }) => {
            Ok((StatusCode::CONFLICT, Json(Acknowledged { acknowledged })).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// `PUT /ingest/v1/progress`: the whole state of the run, answered with what is asked of it.
pub(crate) async fn progress(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Commands>, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    let progress: Progress = json(body, RECORD_LIMIT).await?;
    server.store.save_progress(&key, &progress).await?;
    commands::of(&server, &key).await
}

/// `PUT /ingest/v1/report`: the merged test report.
pub(crate) async fn report(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    let report: TestReport = json(body, RECORD_LIMIT).await?;
    server.store.save_report(&key, &report).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What an artifact is called.
#[derive(Deserialize)]
pub(crate) struct Label {
    name: String,
    #[serde(default)]
    step: String,
}

/// `PUT /ingest/v1/artifacts?name=N&step=ID`: the bytes of a file.
pub(crate) async fn artifact(
    State(server): State<Server>,
    Ask(label): Ask<Label>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Stored>, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    if label.step.len() > STEP_LIMIT {
        return Err(Refusal::bad("the handle of a step is shorter"));
    }
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > ARTIFACT_LIMIT) {
        return Err(Refusal::too_large(ARTIFACT_LIMIT));
    }
    let bytes = bounded(body.into_data_stream().map(|piece| piece.map_err(io::Error::other)), ARTIFACT_LIMIT);
    match server.store.artifacts().put(&key, &label.name, &label.step, bytes).await {
        Ok(stored) => Ok(Json(stored)),
        Err(ArtifactError::Source(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
            Err(Refusal::too_large(ARTIFACT_LIMIT))
        }
        Err(error) => Err(error.into()),
    }
}

/// Breaks a stream off once it is longer than `limit` bytes.
fn bounded<S>(bytes: S, limit: u64) -> impl Stream<Item = Result<Bytes, io::Error>> + Unpin + Send
where
    S: Stream<Item = Result<Bytes, io::Error>> + Unpin + Send,
{
    let mut left = limit;
    let checked = bytes.map(move |piece| {
        let piece = piece?;
        left = left.checked_sub(piece.len() as u64).ok_or(io::Error::from(io::ErrorKind::FileTooLarge))?;
        Ok(piece)
    });
    // An error ends the stream: nothing is read behind it.
    checked.scan(false, |failed, piece| {
        let go = !*failed;
        *failed = piece.is_err();
        future::ready(go.then_some(piece))
    })
}
