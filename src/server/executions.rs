//! `GET .../executions` and `GET .../executions/{name}`.

use assay_protocol::rest::{ExecutionRecord, Page};
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;

use crate::ask::{Ask, At};
use crate::problem::Refusal;
use crate::state::Server;

const PAGE: usize = 50;

/// Which piece of the list.
#[derive(Deserialize)]
pub(crate) struct Piece {
    workflow: Option<String>,
    limit: Option<usize>,
    before: Option<String>,
}

/// The newest executions of a namespace.
pub(crate) async fn list(
    State(server): State<Server>,
    At(namespace): At<String>,
    Ask(piece): Ask<Piece>,
    headers: HeaderMap,
) -> Result<Json<Page<ExecutionRecord>>, Refusal> {
    let right = server.access.caller(&headers, &namespace, "", None).await?;
    let limit = piece.limit.unwrap_or(PAGE);
    let workflow = piece.workflow.as_deref();
    Ok(Json(server.store.executions(right.namespace(), workflow, limit, piece.before.as_deref()).await?))
}

/// One execution.
pub(crate) async fn read(
    State(server): State<Server>,
    At((namespace, name)): At<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<ExecutionRecord>, Refusal> {
    let right = server.access.caller(&headers, &namespace, "", Some(&name)).await?;
    Ok(Json(right.execution(&server.store).await?))
}
