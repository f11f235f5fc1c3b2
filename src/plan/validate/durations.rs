//! Rules of times and counts.

use assay_api::{DurationText, Step, TestWorkflowSpec};

use crate::diagnostic::Findings;

/// Attempts after the first that a step may have.
const MOST_RETRIES: i32 = 20;

pub(super) fn check_workflow(spec: &TestWorkflowSpec, findings: &mut Findings) {
    if let Some(timeouts) = &spec.timeouts {
        check_limit("spec.timeouts.execution", timeouts.execution.as_ref(), findings);
        check_limit("spec.timeouts.start", timeouts.start.as_ref(), findings);
    }
}

pub(super) fn check_step(path: &str, step: &Step, findings: &mut Findings) {
    check_limit(&format!("{path}.timeout"), step.timeout.as_ref(), findings);
    if let Some(policy) = &step.retry {
        if !(1..=MOST_RETRIES).contains(&policy.count) {
            let message = format!("{} is not a possible number of retries", policy.count);
            findings.error(format!("{path}.retry.count"), message, format!("give a number from 1 to {MOST_RETRIES}"));
        }
        check_duration(&format!("{path}.retry.delay"), policy.delay.as_ref(), findings);
    }
}

/// A limit of zero would end everything before it begins.
fn check_limit(path: &str, text: Option<&DurationText>, findings: &mut Findings) {
    if check_duration(path, text, findings) == Some(true) {
        findings.error(path, "a limit of zero leaves no time", "give a longer time, or remove it");
    }
}

/// Whether the duration is zero, when it is one.
fn check_duration(path: &str, text: Option<&DurationText>, findings: &mut Findings) -> Option<bool> {
    let text = text.filter(|text| !findings.is_open(text.as_str()))?;
    match text.parse() {
        Ok(duration) => Some(duration.is_zero()),
        Err(error) => {
            let said = error.to_string();
            let (message, hint) = said.split_once(", for example ").map_or((said.as_str(), "`1h30m`"), |parts| parts);
            let (message, hint) = message.split_once("; write for example ").unwrap_or((message, hint));
            findings.error(path, message, format!("write for example {hint}"));
            None
        }
    }
}
