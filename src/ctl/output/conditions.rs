//! The conditions of an object, as a table.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::output::clock::age;
use crate::output::table::table;
use crate::output::terminal::plain;

/// The part of a description that shows them; empty when there are none.
pub(crate) fn conditions(conditions: &[Condition], now: Timestamp) -> String {
    if conditions.is_empty() {
        return String::new();
    }
    let rows = conditions.iter().map(|condition| {
        vec![
            format!("  {}", condition.type_).into(),
            condition.status.clone().into(),
            condition.reason.clone().into(),
            age(condition.last_transition_time.0, now).into(),
            plain(&condition.message).into(),
        ]
    });
    format!("\nConditions:\n{}", table(&["  TYPE", "STATUS", "REASON", "AGE", "MESSAGE"], rows.collect()))
}
