//! What the children of a block make of it.

use assay_api::StepState;

use super::cursor::{Frame, weight};
use super::runs::{Outcome, overran};
use super::tree::Node;

/// Judges an attempt of a block by the list of its children.
pub(super) fn judge_block(node: &Node, frame: &Frame) -> Outcome {
    let children = frame.tally.worst.map_or(0, |(state, _)| weight(state));
    let outcome = match (frame.cut, frame.tally.worst) {
        // What ended it outweighs what its children came to: an optional child may have been the one that hung.
        (Some(cut), _) if weight(cut) >= children => cut_short(node, cut),
        (_, Some((state, child))) => Outcome {
            state,
            message: None,
            worth_retrying: !frame.tally.hopeless && state != StepState::Cancelled,
            blames: Some(child),
        },
        _ if frame.tally.ran => Outcome::of(StepState::Passed, None),
        _ => Outcome::lasting(StepState::Skipped, "all of its steps were skipped"),
    };
    if node.negative { turned_round(outcome) } else { outcome }
}

fn cut_short(node: &Node, cut: StepState) -> Outcome {
    match (cut, node.timeout) {
        (StepState::TimedOut, Some(limit)) => Outcome::of(cut, Some(overran(limit))),
        _ => Outcome::lasting(cut, "was stopped"),
    }
}

fn turned_round(outcome: Outcome) -> Outcome {
    match outcome.state {
        StepState::Failed | StepState::TimedOut => Outcome::of(StepState::Passed, None),
        StepState::Passed => {
            Outcome::of(StepState::Failed, Some("was expected to fail, but all of its steps passed".into()))
        }
        _ => outcome,
    }
}
