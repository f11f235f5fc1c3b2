//! The conditions of our kinds, by the state table that Argo CD and Flux both
//! read right: `Reconciling` and `Stalled` stand there only while they are true.

use assay_api::{READY, RECONCILING, Reason, STALLED, condition};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::time::seconds;

/// Longest message of a condition in bytes.
const MESSAGE_BYTES: usize = 16 * 1024;

/// The states that the table tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Work goes on.
    Going,
    /// Ended well.
    Good,
    /// Ended, and not well.
    Bad,
}

/// What the conditions say.
pub(crate) struct Word<'a> {
    pub state: State,
    pub reason: Reason,
    pub message: &'a str,
    pub generation: i64,
}

/// The conditions for a state. A condition whose status did not change keeps
/// the time since when it has it.
pub(crate) fn fold(previous: &[Condition], word: &Word<'_>, now: Timestamp) -> Vec<Condition> {
    let wanted: &[(&str, &str)] = match word.state {
        State::Going => &[(READY, "Unknown"), (RECONCILING, "True")],
        State::Good => &[(READY, "True")],
        State::Bad => &[(READY, "False"), (STALLED, "True")],
    };
    let message = cut(word.message, MESSAGE_BYTES);
    let make = |(kind, status): &(&str, &str)| {
        let known = previous.iter().find(|known| known.type_ == *kind && known.status == *status);
        let since = known.map_or(seconds(now), |known| known.last_transition_time.0);
        condition(kind, status, word.reason, message, word.generation, since)
    };
    wanted.iter().map(make).collect()
}

/// The conditions as they are, for a new generation that changes nothing.
pub(crate) fn carry(previous: &[Condition], generation: i64) -> Vec<Condition> {
    let carried = previous.iter().cloned();
    carried.map(|condition| Condition { observed_generation: Some(generation), ..condition }).collect()
}

/// The start of a text, at most so many bytes, never half a character.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The end of a text, at most so many bytes, never half a character.
pub(crate) fn cut_front(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}
