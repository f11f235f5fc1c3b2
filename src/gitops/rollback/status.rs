//! The status of a rollback, folded from what was decided. No other place writes it.

use assay_api::{READY, RECONCILING, RollbackPhase, RollbackStatus, STALLED, TrailEntry, condition};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::decision::RollbackDecision;
use super::time::{milliseconds, seconds};

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
    let message = cut(&decision.message).to_owned();
    let conditions = conditions(&previous.conditions, decision, &message, generation, now);
    if previous.phase.is_final() {
        return RollbackStatus { observed_generation: generation, conditions, ..previous.clone() };
    }
    let finished_at = decision.phase.is_final().then(|| milliseconds(now));
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

/// The same state table as that of executions: a finished record is current or failed, never in progress.
fn conditions(
    previous: &[Condition],
    decision: &RollbackDecision,
    message: &str,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let wanted: &[(&str, &str)] = match decision.phase {
        RollbackPhase::Failed | RollbackPhase::Expired => &[(READY, "False"), (STALLED, "True")],
        phase if phase.is_final() => &[(READY, "True")],
        _ => &[(READY, "Unknown"), (RECONCILING, "True")],
    };
    let make = |(kind, status): &(&str, &str)| {
        let known = previous.iter().find(|known| known.type_ == *kind && known.status == *status);
        let since = known.map_or(seconds(now), |known| known.last_transition_time.0);
        condition(kind, status, decision.reason, message, generation, since)
    };
    wanted.iter().map(make).collect()
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

/// The start of a message, never half a character.
fn cut(text: &str) -> &str {
    let mut end = MESSAGE_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
