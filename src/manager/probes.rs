//! `/healthz`, `/readyz` and `/metrics`.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use assay_store::Store;
use assay_telemetry::error_chain;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::awaited::Awaited;
use crate::numbers::Numbers;

/// Time that the store usually has for its answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What the probes look at.
#[derive(Clone)]
pub(crate) struct Probes {
    /// What is waited for.
    pub(crate) awaited: Awaited,
    /// The store, once it is open.
    pub(crate) store: Arc<OnceLock<Store>>,
    /// What is counted.
    pub(crate) numbers: Numbers,
    /// Time that the store has for its answer.
    patience: Duration,
}

impl Default for Probes {
    fn default() -> Self {
        let (awaited, store, numbers) = (Awaited::default(), Arc::default(), Numbers::default());
        Self { awaited, store, numbers, patience: PATIENCE }
    }
}

/// Answers probes until the future is dropped.
///
/// # Errors
/// When the address cannot be listened on.
pub(crate) async fn serve(address: SocketAddr, probes: Probes) -> std::io::Result<()> {
    axum::serve(TcpListener::bind(address).await?, router(probes)).await
}

fn router(probes: Probes) -> Router {
    Router::new()
        // Whoever answers lives: a loop that hangs the runtime does not answer.
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state(probes)
}

/// A store that takes nothing more is still read, so its owner stays ready.
async fn ready(State(probes): State<Probes>) -> (StatusCode, String) {
    let waiting = probes.awaited.lines();
    let (working, words) = match health(&probes).await {
        Ok(()) => (true, "ok\n".to_owned()),
        Err(flaw) => (flaw.readable, format!("the store: {}\n", flaw.words)),
    };
    let ready = working && waiting.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, if waiting.is_empty() { words } else { waiting })
}

async fn metrics(State(probes): State<Probes>) -> Response {
    probes.numbers.answer(health(&probes).await.is_ok())
}

/// The health of the store; one that is not open yet is waited for elsewhere.
async fn health(probes: &Probes) -> Result<(), Flaw> {
    let Some(store) = probes.store.get() else { return Ok(()) };
    match tokio::time::timeout(probes.patience, store.healthy()).await {
        Ok(health) => health.map_err(|error| Flaw { readable: error.is_readable(), words: error_chain(&error) }),
        Err(_) => Err(Flaw { readable: false, words: format!("no answer within {} s", probes.patience.as_secs()) }),
    }
}

/// What keeps the store from its work.
struct Flaw {
    /// What it holds can still be read.
    readable: bool,
    /// Why.
    words: String,
}

#[cfg(test)]
mod tests {
    use assay_store::StoreConfig;
    use axum::body::Body;
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    #[tokio::test]
    async fn probes_say_what_is() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = StoreConfig { reserve: Some(0), ..StoreConfig::folder(dir.path()) };
        let store = Store::open_with(config).await.expect("a store");
        let probes = Probes { patience: Duration::from_secs(60), ..Probes::default() };
        probes.awaited.wait("the store", "not opened yet");
        let router = router(probes.clone());
        let ask = |path: &'static str| {
            let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
            let router = router.clone();
            async move { router.oneshot(request).await.expect("an answer").status().as_u16() }
        };
        assert_eq!((ask("/healthz").await, ask("/readyz").await), (200, 503));
        assert!(probes.store.set(store.clone()).is_ok());
        probes.awaited.done("the store");
        assert_eq!((ask("/readyz").await, ask("/metrics").await), (200, 200));
        store.close().await;
        assert_eq!((ask("/healthz").await, ask("/readyz").await), (200, 503));
    }
}
