//! `/healthz` and `/readyz`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use assay_store::Store;
use assay_telemetry::error_chain;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::awaited::Awaited;

/// What the probes look at.
#[derive(Clone, Default)]
pub(crate) struct Probes {
    /// What is waited for.
    pub(crate) awaited: Awaited,
    /// The store, once it is open.
    pub(crate) store: Arc<OnceLock<Store>>,
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
        .with_state(probes);
    axum::serve(TcpListener::bind(address).await?, router).await
}

async fn ready(State(probes): State<Probes>) -> (StatusCode, String) {
    let mut lines = probes.awaited.lines();
    if let Some(store) = probes.store.get()
        && let Err(error) = store.healthy().await
    {
        lines.push_str(&format!("the store does not answer: {}\n", error_chain(&error)));
    }
    if lines.is_empty() { (StatusCode::OK, "ok\n".to_owned()) } else { (StatusCode::SERVICE_UNAVAILABLE, lines) }
}
