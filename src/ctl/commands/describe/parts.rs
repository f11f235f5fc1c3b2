//! What an execution brought: tests, log, files.

use assay_api::TestExecutionStatus;

use crate::output::clock::size;
use crate::output::summary;
use crate::output::terminal::{plain, strip};

/// Counts and failed tests.
pub(super) fn tests(status: &TestExecutionStatus) -> String {
    let Some(tests) = &status.tests else { return String::new() };
    let mut out = format!("\nTests:      {} ({})\n", plain(&tests.summary), summary::counts(tests));
    for line in summary::failures(status, usize::MAX) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// Size and end of the log.
pub(super) fn log(status: &TestExecutionStatus) -> String {
    let Some(log) = &status.log else { return String::new() };
    let bytes = size(u64::try_from(log.bytes).unwrap_or(0));
    let complete = if log.complete { "" } else { ", not complete" };
    let mut out = format!("\nLog:        {bytes}{complete}\n");
    if !log.tail.is_empty() {
        for line in strip(&log.tail).lines() {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}

/// The first collected files.
pub(super) fn artifacts(status: &TestExecutionStatus) -> String {
    let Some(artifacts) = status.artifacts.as_ref().filter(|artifacts| artifacts.count > 0) else {
        return String::new();
    };
    let total = size(u64::try_from(artifacts.bytes).unwrap_or(0));
    let mut out = format!("\nArtifacts:  {} files, {total}\n", artifacts.count);
    for item in &artifacts.items {
        out.push_str(&format!("  {} ({})\n", plain(&item.path), size(u64::try_from(item.size).unwrap_or(0))));
    }
    let shown = i64::try_from(artifacts.items.len()).unwrap_or(i64::MAX);
    if artifacts.count > shown && shown > 0 {
        out.push_str(&format!("  and {} more\n", artifacts.count - shown));
    }
    out
}
