//! Condition types, and the constructor that fills all their fields.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::Reason;

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
