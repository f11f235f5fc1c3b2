//! The status of a rollback, folded from what was decided. No other place writes it.

use assay_api::{RollbackPhase, RollbackStatus, Standing, TrailEntry, fold_conditions, shortened};
use jiff::Timestamp;

use super::decision::RollbackDecision;
use crate::time::milliseconds;

/// Most entries of the trail.
const TRAIL: usize = 32;
/// Longest message, in bytes.
const MESSAGE_BYTES: usize = 2 * 1024;

/// The whole status after a decision. Folding the same twice gives the same, and a final phase stays.
pub fn fold_rollback(
    previous: &RollbackStatus,
    decision: &RollbackDecision,
    generation: i64,
    now: Timestamp,
) -> RollbackStatus {
    let message = shortened(&decision.message, MESSAGE_BYTES).to_owned();
    // Only a dry run is over in a phase in which others wait.
    let finished_at = decision.phase.is_final().then(|| milliseconds(now)).or(decision.facts.finished_at);
    let standing = standing(decision.phase, finished_at.is_some());
    let conditions = fold_conditions(&previous.conditions, standing, decision.reason, &message, generation, now);
    if previous.is_over() {
        return RollbackStatus { observed_generation: generation, conditions, ..previous.clone() };
    }
    RollbackStatus {
        observed_generation: generation,
        phase: decision.phase,
        reason: Some(decision.reason),
        trail: trail(previous, decision, &message, now),
        message: Some(message),
        finished_at,
        deadline: decision.facts.deadline.filter(|_| finished_at.is_none()),
        conditions,
        ..decision.facts.clone()
    }
}

/// A finished record is current or failed, never in progress.
const fn standing(phase: RollbackPhase, over: bool) -> Standing {
    match phase {
        RollbackPhase::Failed | RollbackPhase::Expired => Standing::Bad,
        _ if over => Standing::Good,
        _ => Standing::Going,
    }
}

/// Every phase, oldest first. When there are too many the first one stays, and the oldest others go.
fn trail(previous: &RollbackStatus, decision: &RollbackDecision, message: &str, now: Timestamp) -> Vec<TrailEntry> {
    let mut trail = previous.trail.clone();
    let entry = |phase, message: &str| TrailEntry { at: milliseconds(now), phase, message: message.to_owned() };
    if trail.is_empty() && decision.phase != RollbackPhase::Evaluating {
        trail.push(entry(RollbackPhase::Evaluating, "the guards are being asked"));
    }
    if trail.last().is_none_or(|last| last.phase != decision.phase) || decision.facts.races != previous.races {
        trail.push(entry(decision.phase, message));
    }
    while trail.len() > TRAIL {
        trail.remove(1);
    }
    trail
}
