//! The steps, nested ones below the step that holds them, and what they gave to each other.

use assay_api::TestExecutionStatus;
use assay_protocol::Progress;

use crate::output::steps::indented;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;

/// Letters of an output that are shown.
const OUTPUT: usize = 200;

/// The steps as a tree.
pub(super) fn steps(status: &TestExecutionStatus) -> String {
    if status.steps.is_empty() {
        return String::new();
    }
    let rows = status.steps.iter().map(|step| {
        vec![
            format!("  {}", indented(step)).into(),
            plain(&step.id).into(),
            Cell::outcome(step.state.as_str()),
            step.attempts.to_string().into(),
            step.exit_code.map(|code| code.to_string()).unwrap_or_default().into(),
            plain(step.duration.as_deref().unwrap_or_default()).into(),
            plain(step.message.as_deref().unwrap_or_default()).into(),
        ]
    });
    let head = ["  NAME", "ID", "STATE", "ATTEMPTS", "EXIT", "DURATION", "MESSAGE"];
    format!("\nSteps:\n{}", table(&head, rows.collect()))
}

/// What steps gave to later ones; it was masked in the pod.
pub(super) fn outputs(progress: &Progress) -> String {
    let mut out = String::new();
    for step in &progress.steps {
        for (key, value) in &step.outputs {
            let value = plain(value);
            let cut: String = value.chars().take(OUTPUT).collect();
            let more = if cut.len() < value.len() { "…" } else { "" };
            out.push_str(&format!("  {}.{} = {cut}{more}\n", plain(&step.id), plain(key)));
        }
    }
    if out.is_empty() { out } else { format!("\nOutputs:\n{out}") }
}
