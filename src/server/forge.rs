//! `POST /hooks/v1/{grant}`: a forge says that a branch moved.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use crate::ask::At;
use crate::problem::Refusal;
use crate::state::Server;

/// What was understood: `push`, `ping`, or `nothing` of what concerns us.
#[derive(Debug, Serialize)]
pub(crate) struct Accepted {
    accepted: &'static str,
}

/// The handler.
pub(crate) async fn receive(
    State(server): State<Server>,
    At(grant): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<Accepted>), Refusal> {
    let Some(forges) = &server.forges else {
        return Err(Refusal::absent(
            "this manager does not listen to forges; the chart value `gitops.enabled` lets it",
        ));
    };
    let accepted = forges.receive(&grant, &headers, body).await?;
    Ok((StatusCode::ACCEPTED, Json(Accepted { accepted })))
}
