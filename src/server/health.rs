//! Probes, on a listener of their own without TLS.

use std::time::Duration;

use assay_store::Store;
use axum::Router;
use axum::routing::get;
use http::StatusCode;
use tokio::sync::watch;

use crate::problem::log;

const PATIENCE: Duration = Duration::from_secs(2);

/// `/healthz`: the process answers. `/readyz`: the store answers too, and
/// `ready` is true.
pub fn health(store: Store, ready: watch::Receiver<bool>) -> Router {
    let readyz = move || {
        let (store, ready) = (store.clone(), *ready.borrow());
        async move {
            match tokio::time::timeout(PATIENCE, store.healthy()).await {
                Ok(Ok(())) if ready => (StatusCode::OK, "ok"),
                Ok(Ok(())) => (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping"),
                Ok(Err(error)) => {
                    log(&error);
                    (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
                }
                Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer"),
            }
        }
    };
    Router::new().route("/healthz", get(async || "ok")).route("/readyz", get(readyz))
}
