//! What is counted, for Prometheus. Labels are words of closed lists; no name
//! of any object is among them, so their number is bounded.

use std::time::Duration;

use assay_api::{Phase, Reason, Verdict};
use assay_lifecycle::Failure;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::rollback_metrics::RollbackMetrics;

/// Upper bounds of the times from submission to verdict, in seconds.
const SECONDS: [f64; 14] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21600.0];

/// What the controllers count. Clones share the numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    finished: Family<Ending, Counter>,
    unfinished: Family<Standing, Gauge>,
    seconds: Histogram,
    again: Counter,
    removed: Counter,
    judged: Family<Ending, Counter>,
    judgement: Histogram,
    errors: Family<Error, Counter>,
    queued: Family<Loop, Gauge>,
    /// What is counted of rollbacks.
    pub(crate) rollbacks: RollbackMetrics,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ending {
    verdict: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Error {
    controller: &'static str,
    disposition: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Loop {
    controller: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            finished: Family::default(),
            unfinished: Family::default(),
            seconds: Histogram::new(SECONDS),
            again: Counter::default(),
            removed: Counter::default(),
            judged: Family::default(),
            judgement: Histogram::new(SECONDS),
            errors: Family::default(),
            queued: Family::default(),
            rollbacks: RollbackMetrics::default(),
        }
    }
}

impl Metrics {
    /// Names everything in a registry, to be served from there.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("assay");
        registry.register("executions_finished", "Executions that ended", self.finished.clone());
        registry.register("executions_unfinished", "Executions that did not end yet", self.unfinished.clone());
        registry.register(
            "execution_duration_seconds",
            "Time from the creation of an execution to its verdict",
            self.seconds.clone(),
        );
        registry.register(
            "executions_tried_again",
            "Attempts that the cluster lost and that were made again",
            self.again.clone(),
        );
        registry.register("executions_removed", "Finished executions removed by retention", self.removed.clone());
        registry.register("gate_verdicts", "Verdicts of gates about revisions", self.judged.clone());
        registry.register(
            "gate_verdict_seconds",
            "Time from the moment a gate saw a revision to its verdict",
            self.judgement.clone(),
        );
        registry.register("reconcile_errors", "Looks at an object that failed", self.errors.clone());
        registry.register("queue_depth", "Objects that wait to be looked at", self.queued.clone());
        self.rollbacks.register(registry);
    }

    /// An execution ended, so long after it was created.
    pub(crate) fn finished(&self, verdict: Verdict, reason: Reason, lasted: Duration) {
        let ending = Ending { verdict: verdict.as_str(), reason: reason.as_str() };
        self.finished.get_or_create(&ending).inc();
        self.seconds.observe(lasted.as_secs_f64());
    }

    /// An attempt was lost, and another one begins.
    pub(crate) fn tried_again(&self) {
        self.again.inc();
    }

    /// A finished execution was removed.
    pub(crate) fn removed(&self) {
        self.removed.inc();
    }

    /// A gate came to a verdict, so long after it saw the revision.
    pub(crate) fn judged(&self, verdict: Verdict, reason: Reason, lasted: Duration) {
        let ending = Ending { verdict: verdict.as_str(), reason: reason.as_str() };
        self.judged.get_or_create(&ending).inc();
        self.judgement.observe(lasted.as_secs_f64());
    }

    /// An execution stands in a phase, as long as the answer is kept.
    pub(crate) fn standing(&self, phase: Phase) -> Counted {
        let gauge = self.unfinished.get_or_create_owned(&Standing { phase: phase.as_str() });
        gauge.inc();
        Counted { phase, gauge }
    }

    /// What the loop of one controller counts.
    pub(crate) fn of_loop(&self, controller: &'static str) -> LoopMetrics {
        let queued = self.queued.get_or_create_owned(&Loop { controller });
        LoopMetrics { controller, errors: self.errors.clone(), queued }
    }
}

/// One execution in the number of its phase.
#[derive(Debug)]
pub(crate) struct Counted {
    /// The phase.
    pub(crate) phase: Phase,
    gauge: Gauge,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// What the loop of one controller counts.
#[derive(Clone, Debug)]
pub(crate) struct LoopMetrics {
    controller: &'static str,
    errors: Family<Error, Counter>,
    queued: Gauge,
}

impl LoopMetrics {
    /// A look failed.
    pub(crate) fn failed(&self, failure: Failure) {
        let disposition = match failure {
            Failure::Transient => "transient",
            Failure::Stalled => "stalled",
            Failure::Bug => "bug",
        };
        self.errors.get_or_create(&Error { controller: self.controller, disposition }).inc();
    }

    /// So many objects wait.
    pub(crate) fn queued(&self, number: usize) {
        self.queued.set(i64::try_from(number).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn everything_is_named_and_counted() {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.register(&mut registry);
        metrics.finished(Verdict::Errored, Reason::PodEvicted, Duration::from_secs(3));
        metrics.judged(Verdict::Failed, Reason::TestsFailed, Duration::from_secs(70));
        let running = metrics.standing(Phase::Running);
        drop(metrics.standing(Phase::Running));
        let looks = metrics.of_loop("executions");
        looks.failed(Failure::Transient);
        looks.queued(7);
        let mut text = String::new();
        encode(&mut text, &registry).expect("text takes everything");
        for line in [
            r#"assay_executions_finished_total{verdict="errored",reason="PodEvicted"} 1"#,
            r#"assay_executions_unfinished{phase="Running"} 1"#,
            r#"assay_execution_duration_seconds_bucket{le="5.0"} 1"#,
            r#"assay_reconcile_errors_total{controller="executions",disposition="transient"} 1"#,
            r#"assay_queue_depth{controller="executions"} 7"#,
            "assay_executions_tried_again_total 0",
            r#"assay_gate_verdicts_total{verdict="failed",reason="TestsFailed"} 1"#,
            r#"assay_gate_verdict_seconds_bucket{le="120.0"} 1"#,
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        drop(running);
    }
}
