//! A report as a few lines of plain text.

use std::fmt::Write;

use crate::model::{Case, TestReport};

/// One line of counts, then each failed or errored case with the first line of
/// its message, at most `cap` of them. No terminal sequences, no escaping.
#[must_use]
pub fn text(report: &TestReport, cap: usize) -> String {
    let counts = report.counts();
    let mut out = format!("{} tests: {} passed", counts.tests, counts.passed);
    for (number, word) in
        [(counts.flaky, "flaky"), (counts.failed, "failed"), (counts.errored, "errored"), (counts.skipped, "skipped")]
    {
        if number > 0 {
            write!(out, ", {number} {word}").expect("writing to a string does not fail");
        }
    }
    out.push('\n');
    let mut bad = report.cases().filter(|case| case.outcome.is_bad());
    for case in bad.by_ref().take(cap) {
        failure(&mut out, case);
    }
    let more = bad.count();
    if more > 0 {
        writeln!(out, "  and {more} more").expect("writing to a string does not fail");
    }
    out
}

fn failure(out: &mut String, case: &Case) {
    let group = case.class.as_deref().unwrap_or(&case.suite);
    let mark = case.outcome.as_str().to_uppercase();
    let name = &case.name;
    let place = match (group.is_empty(), name) {
        (true, name) => name.clone(),
        (false, name) => format!("{group} > {name}"),
    };
    writeln!(out, "  {mark} {place}").expect("writing to a string does not fail");
    if let Some(line) = case.message.as_deref().and_then(|message| message.lines().next()) {
        writeln!(out, "    {line}").expect("writing to a string does not fail");
    }
}
