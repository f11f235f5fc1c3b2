//! The table of routes.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::routing::{get, post, put};

use crate::problem::Refusal;
use crate::state::Server;
use crate::{admission, artifacts, commands, executions, forge, headers, ingest, logs, report};

impl Server {
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
            .route("/ingest/v1/commands", get(commands::read))
            .route("/admission/v1/validate", post(admission::validate))
            .route("/hooks/v1/{grant}", post(forge::receive))
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
