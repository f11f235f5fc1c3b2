//! What somebody asked of a running execution, for its runner to hear.

use std::time::Duration;

use assay_protocol::ingest::{COMMANDS_WAIT_SECONDS, Commands};
use assay_store::RunKey;
use axum::Json;
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::ask::Ask;
use crate::problem::Refusal;
use crate::state::Server;

/// The version that the runner has.
#[derive(Deserialize)]
pub(crate) struct Known {
    known: u64,
}

/// `GET /ingest/v1/commands?known=N`: at once when they are others than those of
/// version N, else when they change, at the latest after
/// [`COMMANDS_WAIT_SECONDS`] or when the process is about to end.
pub(crate) async fn read(
    State(server): State<Server>,
    Ask(Known { known }): Ask<Known>,
    headers: HeaderMap,
) -> Result<Json<Commands>, Refusal> {
    let key = server.access.run(&headers, &server.store).await?;
    let mut closing = server.closing.clone();
    // Listened to before the first look, so that no change falls between the two.
    let mut changes = server.store.commands_changed();
    let until = Instant::now() + Duration::from_secs(COMMANDS_WAIT_SECONDS);
    loop {
        let commands = server.store.commands(&key.execution_uid).await?;
        if commands.version != known || Instant::now() >= until || *closing.borrow() {
            return Ok(Json(commands));
        }
        let change = async {
            loop {
                match changes.recv().await {
                    Ok(uid) if uid != key.execution_uid => {}
                    Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                }
            }
        };
        tokio::select! {
            _ = timeout_at(until, change) => {}
            _ = closing.changed() => {}
        }
    }
}

/// The commands that an answer to the runner carries along.
pub(crate) async fn of(server: &Server, key: &RunKey) -> Result<Json<Commands>, Refusal> {
    Ok(Json(server.store.commands(&key.execution_uid).await?))
}
