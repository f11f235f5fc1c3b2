//! Rules of times and counts.

use assay_api::{DurationText, Retention, RetryPolicy, Step, TestWorkflowSpec, Timeouts};

use crate::diagnostic::Findings;

/// Attempts after the first that a step may have.
const MOST_RETRIES: i32 = 20;
/// Seconds of a year.
const LONGEST_SECONDS: i64 = 366 * 24 * 3600;
/// Attempts after the first that an execution may have when its pod is lost.
const MOST_INFRASTRUCTURE_RETRIES: i32 = 5;

pub(super) fn check_workflow(spec: &TestWorkflowSpec, findings: &mut Findings) {
    if let Some(timeouts) = &spec.timeouts {
        let Timeouts { execution, start, queue, image_pull, pause } = timeouts;
        check_limit("spec.timeouts.execution", execution.as_ref(), findings);
        check_limit("spec.timeouts.start", start.as_ref(), findings);
        check_limit("spec.timeouts.queue", queue.as_ref(), findings);
        check_limit("spec.timeouts.imagePull", image_pull.as_ref(), findings);
        check_limit("spec.timeouts.pause", pause.as_ref(), findings);
    }
    if let Some(Retention { age, count }) = &spec.retention {
        check_limit("spec.retention.age", age.as_ref(), findings);
        if count.is_some_and(|count| count < 1) {
            let message = "executions are removed when they are beyond it, so it must be at least 1";
            findings.error("spec.retention.count", message, "give a number from 1 on, or remove it");
        }
    }
    let seconds = spec.job.as_ref().and_then(|job| job.active_deadline_seconds);
    if seconds.is_some_and(|seconds| !(1..=LONGEST_SECONDS).contains(&seconds)) {
        let hint = format!("give a number from 1 to {LONGEST_SECONDS}");
        findings.error("spec.job.activeDeadlineSeconds", "leaves no time, or more than a year", hint);
    }
    if seconds.is_some() && spec.timeouts.as_ref().is_some_and(|timeouts| timeouts.execution.is_some()) {
        let message = "`timeouts.execution` says it too, and that counts";
        findings.warning("spec.job.activeDeadlineSeconds", message, "keep one of them");
    }
    let retries = spec.infrastructure.as_ref().map_or(0, |infrastructure| infrastructure.retries);
    if !(0..=MOST_INFRASTRUCTURE_RETRIES).contains(&retries) {
        let message = format!("{retries} is not a possible number of retries");
        let hint = format!("give a number from 0 to {MOST_INFRASTRUCTURE_RETRIES}");
        findings.error("spec.infrastructure.retries", message, hint);
    }
}

pub(super) fn check_step(path: &str, step: &Step, findings: &mut Findings) {
    check_limit(&format!("{path}.timeout"), step.timeout.as_ref(), findings);
    check_duration(&format!("{path}.delay"), step.delay.as_ref(), findings);
    check_retry(&format!("{path}.retry"), step.retry.as_ref(), findings);
}

pub(super) fn check_retry(path: &str, policy: Option<&RetryPolicy>, findings: &mut Findings) {
    let Some(policy) = policy else { return };
    if !(1..=MOST_RETRIES).contains(&policy.count) {
        let message = format!("{} is not a possible number of retries", policy.count);
        findings.error(format!("{path}.count"), message, format!("give a number from 1 to {MOST_RETRIES}"));
    }
    check_duration(&format!("{path}.delay"), policy.delay.as_ref(), findings);
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
