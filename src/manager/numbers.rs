//! `/metrics`: what the operator counts and how the store is, for Prometheus.

use std::sync::Arc;

use assay_operator::Metrics;
use assay_server::HookMetrics;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted, and where it is read.
#[derive(Clone)]
pub(crate) struct Numbers {
    /// What the operator counts.
    pub(crate) operator: Metrics,
    /// What is counted of webhooks.
    pub(crate) hooks: HookMetrics,
    store_healthy: Gauge,
    registry: Arc<Registry>,
}

impl Default for Numbers {
    fn default() -> Self {
        let operator = Metrics::default();
        let store_healthy = Gauge::default();
        let mut registry = Registry::default();
        operator.register(&mut registry);
        let hooks = HookMetrics::default();
        hooks.register(&mut registry);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("assay_build", "The version that runs", build);
        let help = "Whether the store takes everything (1) or not (0)";
        registry.register("assay_store_healthy", help, store_healthy.clone());
        Self { operator, hooks, store_healthy, registry: Arc::new(registry) }
    }
}

impl Numbers {
    /// The text that Prometheus reads.
    pub(crate) fn answer(&self, store_healthy: bool) -> Response {
        self.store_healthy.set(store_healthy.into());
        let mut text = String::new();
        match encode(&mut text, &self.registry) {
            Ok(()) => ([(CONTENT_TYPE, OPENMETRICS)], text).into_response(),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_numbers_are_read_as_openmetrics() {
        let answer = Numbers::default().answer(true);
        assert_eq!(answer.headers()[CONTENT_TYPE], OPENMETRICS);
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        let text = String::from_utf8(bytes.to_vec()).expect("text");
        for line in ["assay_store_healthy 1", "# TYPE assay_execution_duration_seconds histogram", "# EOF"] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
