//! Condition types, and the constructor that fills all their fields.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::Reason;

/// Longest message of a condition in bytes.
const MESSAGE_BYTES: usize = 16 * 1024;

/// Positive summary condition of every kind.
pub const READY: &str = "Ready";
/// Present, and `True`, only while work goes on (kstatus: in progress).
pub const RECONCILING: &str = "Reconciling";
/// Present, and `True`, only when nothing more will happen by itself and the
/// outcome is bad (kstatus: failed).
pub const STALLED: &str = "Stalled";

/// A condition with all fields filled. `status` is `True`, `False` or `Unknown`.
pub fn condition(
    kind: &str,
    status: &str,
    reason: Reason,
    message: &str,
    generation: i64,
    since: Timestamp,
) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.as_str().to_owned(),
        message: message.to_owned(),
        observed_generation: Some(generation),
        last_transition_time: Time(since),
    }
}

/// What the state table that Argo CD and Flux both read right tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Work goes on.
    Going,
    /// Ended well.
    Good,
    /// Ended, and not well.
    Bad,
}

/// The conditions of one of our kinds: `Reconciling` and `Stalled` stand there
/// only while they are true. A condition whose status did not change keeps the
/// time since when it has it.
pub fn fold_conditions(
    previous: &[Condition],
    standing: Standing,
    reason: Reason,
    message: &str,
    generation: i64,
    now: Timestamp,
) -> Vec<Condition> {
    let wanted: &[(&str, &str)] = match standing {
        Standing::Going => &[(READY, "Unknown"), (RECONCILING, "True")],
        Standing::Good => &[(READY, "True")],
        Standing::Bad => &[(READY, "False"), (STALLED, "True")],
    };
    let message = shortened(message, MESSAGE_BYTES);
    // Conditions are written in whole seconds, and read back so.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    let make = |(kind, status): &(&str, &str)| {
        let known = previous.iter().find(|known| known.type_ == *kind && known.status == *status);
        let since = known.map_or(now, |known| known.last_transition_time.0);
        condition(kind, status, reason, message, generation, since)
    };
    wanted.iter().map(make).collect()
}

/// The start of a text, at most so many bytes, never half a character.
pub fn shortened(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
