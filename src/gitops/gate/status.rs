//! The status of a gate. No other place writes it.

use assay_api::{TestGateStatus, fold_conditions, shortened};
use jiff::Timestamp;

use super::observed::GateObserved;
use super::page::Page;
use super::say::Said;

/// Longest sentence of a status, in bytes.
const MESSAGE: usize = 1024;

/// The whole status. Folding the same twice gives the same.
pub(super) fn fold_gate(observed: &GateObserved, page: Page, said: &Said, now: Timestamp) -> TestGateStatus {
    let generation = observed.gate.generation;
    let message = shortened(&said.message, MESSAGE);
    let previous = &observed.previous.conditions;
    TestGateStatus {
        observed_generation: generation,
        reason: Some(said.reason),
        message: Some(message.to_owned()),
        delivery: page.delivery,
        source: page.source,
        current: page.current,
        verdicts: page.verdicts,
        last_good: page.last_good,
        rollback: page.rollback,
        last_handled_reconcile_at: page.handled_reconcile,
        last_handled_rerun: page.handled_rerun,
        conditions: fold_conditions(previous, said.standing, said.reason, message, generation, now),
    }
}
