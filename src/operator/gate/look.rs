//! One look at a gate: observe, decide, publish, act.

use std::time::Duration;

use assay_api::TestGate;
use assay_gitops::gate::{GateDecision, GateObserved, decide_gate};
use assay_telemetry::error_chain;
use jiff::Timestamp;

use super::controller::Controller;
use super::memory::Memory;
use crate::failure::LookError;
use crate::gitops::Key;
use crate::work::Next;

impl Controller {
    /// Looks at the gate of this name.
    pub(super) async fn look(&self, key: &Key) -> Next {
        let (namespace, name) = key;
        let Some(gate) = self.gitops.gates.get(namespace, name) else {
            self.memories.forget(key);
            self.readers.set(key, std::collections::HashSet::new());
            return Next::OnChange;
        };
        if gate.metadata.deletion_timestamp.is_some() {
            // What it made goes with it, by its owner references.
            return Next::OnChange;
        }
        let mut memory = self.memories.take(key, gate.metadata.uid.as_deref().unwrap_or_default());
        let looked = self.look_at(key, &gate, &mut memory).await;
        self.memories.keep(key, memory);
        looked.unwrap_or_else(|error| {
            tracing::warn!(namespace, name, error = error_chain(&error), "a look at a gate failed");
            Next::Failed(error.failure())
        })
    }

    async fn look_at(&self, key: &Key, gate: &TestGate, memory: &mut Memory) -> Result<Next, LookError> {
        let mut observed = self.observe(key, gate, memory);
        let mut now = Timestamp::now();
        let mut decision = decide_gate(&observed, now);
        if decision.ask_readiness {
            // An older verdict is gone before anything is waited for. What is said anyway after the workloads were
            // looked at is not said before.
            if says_another(&observed, &decision) {
                if !self.write(gate, &observed, &decision, memory).await? {
                    return Ok(Next::OnChange);
                }
                observed.previous = decision.status;
            }
            observed.readiness = self.readiness(&observed).await;
            now = Timestamp::now();
            decision = decide_gate(&observed, now);
        }
        if !self.write(gate, &observed, &decision, memory).await? {
            return Ok(Next::OnChange);
        }
        self.act(gate, &decision.actions, memory).await?;
        let refused = decision.status.current.iter().flat_map(|current| &current.executions);
        let refused = refused.into_iter().any(|run| run.verdict.is_none() && memory.refused.contains_key(&run.name));
        Ok(next(&decision, refused, now))
    }

    /// Writes the status if it says something new. It is written before anything is done, so that a crash in
    /// between finds written down what was about to be done.
    async fn write(
        &self,
        gate: &TestGate,
        observed: &GateObserved,
        decision: &GateDecision,
        memory: &mut Memory,
    ) -> Result<bool, LookError> {
        let (status, previous) = (&decision.status, &observed.previous);
        if status == previous {
            return Ok(true);
        }
        if !self.publish(gate, status, memory).await? {
            return Ok(false);
        }
        let (namespace, name) = (&observed.gate.namespace, &observed.gate.name);
        let message = status.message.as_deref();
        if status.reason != previous.reason {
            let reason = status.reason.map(assay_api::Reason::as_str);
            tracing::info!(namespace, name, reason, message, "a gate moved on");
        }
        if let Some(end) = decision.end {
            self.context.metrics.judged(end.verdict, end.reason, end.lasted);
        }
        Ok(true)
    }
}

/// Whether something else is said than before, in more than words.
fn says_another(observed: &GateObserved, decision: &GateDecision) -> bool {
    let seen = |status: &assay_api::TestGateStatus| status.current.as_ref().and_then(|current| current.seen_at);
    let (status, previous) = (&decision.status, &observed.previous);
    status.reason != previous.reason || seen(status) != seen(previous)
}

/// When to look again: a run that was refused is judged at once.
fn next(decision: &GateDecision, refused: bool, now: Timestamp) -> Next {
    if refused {
        return Next::Within(Duration::ZERO);
    }
    let wait = |at: Timestamp| Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    decision.wake.map_or(Next::OnChange, |at| Next::Within(wait(at)))
}
