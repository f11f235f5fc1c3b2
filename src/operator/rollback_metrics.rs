//! What is counted of rollbacks, for Prometheus.

use std::time::Duration;

use assay_api::{Reason, RollbackPhase};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Upper bounds of the times from failure to recovery, in seconds.
const SECONDS: [f64; 10] = [10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0];

/// What is counted of rollbacks. Clones share the numbers.
#[derive(Clone, Debug)]
pub(crate) struct RollbackMetrics {
    ended: Family<Ending, Counter>,
    recovery: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    phase: &'static str,
    reason: &'static str,
}

impl Default for RollbackMetrics {
    fn default() -> Self {
        Self { ended: Family::default(), recovery: Histogram::new(SECONDS) }
    }
}

impl RollbackMetrics {
    /// Names everything in a registry.
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register("rollbacks", "Rollbacks that ended", self.ended.clone());
        registry.register(
            "rollback_recovery_seconds",
            "Time from the verdict on a bad revision to the green verdict on its revert",
            self.recovery.clone(),
        );
    }

    /// A rollback came to its end.
    pub(crate) fn ended(&self, phase: RollbackPhase, reason: Reason, recovery: Option<Duration>) {
        self.ended.get_or_create(&Ending { phase: phase.as_str(), reason: reason.as_str() }).inc();
        if let Some(recovery) = recovery {
            self.recovery.observe(recovery.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn ends_and_recoveries_are_counted() {
        let (metrics, mut registry) = (RollbackMetrics::default(), Registry::default());
        metrics.register(&mut registry);
        metrics.ended(RollbackPhase::Recovered, Reason::Recovered, Some(Duration::from_secs(45)));
        metrics.ended(RollbackPhase::Refused, Reason::RollbackRefused, None);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"rollbacks_total{phase="Recovered",reason="Recovered"} 1"#,
            r#"rollbacks_total{phase="Refused",reason="RollbackRefused"} 1"#,
            r#"rollback_recovery_seconds_bucket{le="60.0"} 1"#,
            "rollback_recovery_seconds_count 1",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
