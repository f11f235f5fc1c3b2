//! What an execution came to, in a few lines.

use assay_api::{ExecutionDelivery, TestCounts, TestExecution, TestExecutionStatus, Verdict};

use crate::output::screen::paint;
use crate::output::terminal::plain;

/// Failed tests shown at the end of a run.
const FAILURES: usize = 10;

/// A verdict in its colour.
pub(crate) fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Passed => paint::green(verdict.as_str()),
        Verdict::Failed | Verdict::Errored => paint::red(verdict.as_str()),
        Verdict::Flaky | Verdict::Cancelled => paint::yellow(verdict.as_str()),
        Verdict::Skipped => verdict.as_str().to_owned(),
    }
}

/// Of what an execution is a hook: `PostSync of Application argocd/shop, attempt 2`.
pub(crate) fn hook(delivery: &ExecutionDelivery) -> String {
    let attempt = delivery.attempt.filter(|attempt| *attempt > 1).map(|attempt| format!(", attempt {attempt}"));
    let of = format!("{} of {} {}/{}", delivery.hook, delivery.kind, delivery.namespace, delivery.name);
    plain(&(of + &attempt.unwrap_or_default()))
}

/// Counts in words: `37 passed, 3 failed`.
pub(crate) fn counts(tests: &TestCounts) -> String {
    let parts = [
        (tests.passed, "passed"),
        (tests.failed, "failed"),
        (tests.skipped, "skipped"),
        (tests.flaky, "passed only after a retry"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    if parts.is_empty() { format!("{} tests", tests.total) } else { parts.join(", ") }
}

/// One failed test per line, indented.
pub(crate) fn failures(status: &TestExecutionStatus, limit: usize) -> Vec<String> {
    let shown = status.failures.iter().take(limit).map(|test| {
        let name =
            if test.suite.is_empty() { plain(&test.name) } else { plain(&format!("{} › {}", test.suite, test.name)) };
        match &test.message {
            Some(message) => format!("  {} {name}: {}", paint::red("✗"), plain(message)),
            None => format!("  {} {name}", paint::red("✗")),
        }
    });
    let mut lines: Vec<String> = shown.collect();
    let failed = status.tests.as_ref().map_or(0, |tests| usize::try_from(tests.failed).unwrap_or(0));
    if failed > lines.len() && !lines.is_empty() {
        lines.push(format!("  and {} more", failed - lines.len()));
    }
    lines
}

/// The end of a run.
pub(crate) fn lines(execution: &TestExecution) -> Vec<String> {
    let Some(status) = &execution.status else { return Vec::new() };
    let name = execution.metadata.name.as_deref().unwrap_or_default();
    let Some(decided) = status.verdict else { return vec![format!("{name}: {}", status.phase)] };
    let mut first = format!("{name}: {}", verdict(decided));
    if let Some(reason) = status.reason.filter(|reason| !reason.as_str().eq_ignore_ascii_case(decided.as_str())) {
        first.push_str(&format!(" ({reason})"));
    }
    if let Some(duration) = &status.duration {
        first.push_str(&format!(" in {}", plain(duration)));
    }
    let mut lines = vec![first];
    lines.extend(status.message.as_ref().map(|message| format!("  {}", plain(message))));
    if let Some(tests) = &status.tests {
        lines.push(format!("  tests: {} ({})", plain(&tests.summary), counts(tests)));
    }
    lines.extend(failures(status, FAILURES));
    lines
}

#[cfg(test)]
mod tests {
    use assay_api::{FailedTest, Reason, TestExecutionSpec};

    use super::*;

    #[test]
    fn the_end_of_a_run_says_what_and_why() {
        let mut execution = TestExecution::new("first-1", TestExecutionSpec::default());
        execution.status = Some(TestExecutionStatus {
            verdict: Some(Verdict::Failed),
            reason: Some(Reason::TestsFailed),
            message: Some("3 of 40 tests failed in step \"pytest\"".into()),
            duration: Some("2.1s".into()),
            tests: Some(TestCounts { summary: "37/40".into(), total: 40, passed: 37, failed: 3, skipped: 0, flaky: 0 }),
            failures: vec![FailedTest { suite: "s".into(), name: "t\x1b[2J".into(), message: Some("no\nway".into()) }],
            ..TestExecutionStatus::default()
        });
        let text = lines(&execution).join("\n").replace("\x1b[31m", "").replace("\x1b[0m", "");
        assert_eq!(
            text,
            "first-1: failed (TestsFailed) in 2.1s\n  3 of 40 tests failed in step \"pytest\"\n  \
             tests: 37/40 (37 passed, 3 failed)\n  ✗ s › t: no way\n  and 2 more"
        );
    }
}
