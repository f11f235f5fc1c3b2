//! `/healthz`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use assay_store::{HealthError, Store};
use assay_telemetry::error_chain;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::awaited::Awaited;
use crate::numbers::Numbers;

/// What the probes look at.
#[derive(Clone, Default)]
pub(crate) struct Probes {
    /// What is waited for.
    pub(crate) awaited: Awaited,
    /// The store, once it is open.
    pub(crate) store: Arc<OnceLock<Store>>,
    /// What is counted.
    pub(crate) numbers: Numbers,
}

/// Answers probes until the future is dropped.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(address: SocketAddr, probes: Probes) -> std::io::Result<()> {
    let router = Router::new()
        // Whoever answers lives: a loop that hangs the runtime does not answer.
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probes);
    axum::serve(TcpListener::bind(address).await?, router).await
}

/// A store that takes nothing more is still read, so its owner stays ready.
async fn ready(State(probes): State<Probes>) -> (StatusCode, String) {
    let waiting = probes.awaited.lines();
    let (working, words) = match health(&probes).await {
        Ok(()) => (true, "ok\n".to_owned()),
        Err(error) => (error.is_readable(), format!("the store: {}\n", error_chain(&error))),
    };
    let ready = working && waiting.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, if waiting.is_empty() { words } else { waiting })
}

async fn metrics(State(probes): State<Probes>) -> Response {
    probes.numbers.answer(health(&probes).await.is_ok())
}

/// The health of the store; one that is not open yet is waited for elsewhere.
async fn health(probes: &Probes) -> Result<(), HealthError> {
    match probes.store.get() {
        Some(store) => store.healthy().await,
        None => Ok(()),
    }
}
