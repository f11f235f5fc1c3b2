//! The state that handlers share, and the table of routes.

use std::sync::Arc;

use assay_store::Store;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post, put};
use tokio::sync::watch;

use crate::access::Access;
use crate::identities::Identities;
use crate::problem::Refusal;
use crate::{artifacts, executions, headers, ingest, logs, report};

/// Turns true when the process is about to end: long answers then break off,
/// and their clients come again elsewhere.
pub type Closing = watch::Receiver<bool>;

/// What handlers share. Clones share it too.
#[derive(Clone)]
pub struct Server {
    pub(crate) store: Store,
    pub(crate) access: Arc<Access>,
    pub(crate) closing: Closing,
}

impl Server {
    /// A server of this store.
    pub fn new(store: Store, identities: Arc<dyn Identities>, closing: Closing) -> Self {
        Self { store, access: Arc::new(Access::new(identities)), closing }
    }

    /// The whole HTTP interface.
    pub fn router(self) -> Router {
        let execution = "/api/v1/namespaces/{namespace}/executions/{name}";
        let of = |part: &str| format!("{execution}{part}");
        let untrusted = Router::new()
            .route(&of("/artifacts"), get(artifacts::list))
            .route(&of("/artifacts/{*path}"), get(artifacts::read))
            .route(&of("/report"), get(report::read))
            .method_not_allowed_fallback(async || Refusal::method())
            .layer(map_response(headers::sandbox));
        Router::new()
            .route("/ingest/v1/hello", post(ingest::hello))
            .route("/ingest/v1/logs/{group}", post(ingest::logs))
            .route("/ingest/v1/progress", put(ingest::progress))
            .route("/ingest/v1/report", put(ingest::report))
            .route("/ingest/v1/artifacts", put(ingest::artifact))
            .route("/api/v1/namespaces/{namespace}/executions", get(executions::list))
            .route(execution, get(executions::read))
            .route(&of("/logs"), get(logs::read))
            .merge(untrusted)
            .fallback(async || Refusal::absent("there is nothing at this path"))
            .method_not_allowed_fallback(async || Refusal::method())
            // Handlers bound their bodies themselves, each by its own measure.
            .layer(DefaultBodyLimit::disable())
            .layer(map_response(headers::plain))
            .with_state(self)
    }
}
