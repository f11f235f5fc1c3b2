//! The conditions of our kinds, by the state table that Argo CD and Flux both
//! read right: `Reconciling` and `Stalled` stand there only while they are true.

pub(crate) use assay_api::Standing as State;
pub(crate) use assay_api::shortened as cut;
use assay_api::{Reason, fold_conditions};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

/// What the conditions say.
pub(crate) struct Word<'a> {
    pub state: State,
    pub reason: Reason,
    pub message: &'a str,
    pub generation: i64,
}

/// The conditions for a state.
pub(crate) fn fold(previous: &[Condition], word: &Word<'_>, now: Timestamp) -> Vec<Condition> {
    fold_conditions(previous, word.state, word.reason, word.message, word.generation, now)
}

/// The conditions as they are, for a new generation that changes nothing.
pub(crate) fn carry(previous: &[Condition], generation: i64) -> Vec<Condition> {
    let carried = previous.iter().cloned();
    carried.map(|condition| Condition { observed_generation: Some(generation), ..condition }).collect()
}

/// The end of a text, at most so many bytes, never half a character.
pub(crate) fn cut_front(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
