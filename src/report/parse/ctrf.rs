//! The Common Test Report Format.

use std::io::BufRead;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::json::{Shape, Tree, is, read as read_json};
use crate::counts::Counts;
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut results = Results { collector: Collector::new(limits), summary: None };
    read_json(reader, &mut results)?;
    results.compare();
    Ok(results.collector.finish())
}

struct Results<'l> {
    collector: Collector<'l>,
    summary: Option<Counts>,
}

impl<'l> Shape<'l> for Results<'l> {
    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn wants(&self, path: &[String]) -> bool {
        is(path, &["results", "summary"]) || is(path, &["results", "tests", "*"])
    }

    fn take(&mut self, path: &[String], value: Tree) {
        if path.len() == 2 {
            let count = |name| value.get(name).count().unwrap_or(0);
            let skipped = count("skipped").saturating_add(count("pending")).saturating_add(count("other"));
            let (passed, failed, flaky) = (count("passed"), count("failed"), count("flaky"));
            let tests = passed.saturating_add(failed).saturating_add(skipped);
            self.summary = Some(Counts { tests, passed, failed, errored: 0, skipped, flaky });
        } else if !value.members().is_empty() {
            self.test(&value);
        }
    }

    fn skip(&self) -> &'static [&'static str] {
        &["attachments", "stdout", "stderr", "steps", "extra", "parameters", "labels"]
    }
}

impl Results<'_> {
    fn test(&mut self, test: &Tree) {
        let outcome = outcome(test.get("status").text(), test.get("rawStatus").text());
        // A list of nested suites, or one text.
        let suites = test.get("suite").items();
        let suite = match suites.as_slice() {
            [] => test.get("suite").line(),
            all => text::line(&all.iter().map(|suite| suite.text()).collect::<Vec<_>>().join(" > "), limits::NAME),
        };
        let tried = test.get("retries").count().is_some_and(|retries| retries > 0);
        let failed_before =
            test.get("retryAttempts").items().iter().any(|attempt| attempt.get("status").text() == "failed");
        let flaky = test.get("flaky").is_true() || (test.get("flaky").is_null() && (tried || failed_before));
        let found = Case {
            file: test.get("filePath").line(),
            line: test.get("line").count().filter(|line| *line > 0),
            seconds: test.get("duration").seconds(1000.0),
            message: test.get("message").message(),
            details: test.get("trace").details().filter(|_| outcome.is_bad()),
            flaky: flaky && outcome == Outcome::Passed,
            ..case(&suite.unwrap_or_default(), test.get("name").line(), outcome)
        };
        self.collector.add_timed(found);
    }

    /// The cases are the truth, unless there are none.
    fn compare(&mut self) {
        let Some(summary) = self.summary else { return };
        let (tests, bad) = (self.collector.tests(), self.collector.bad());
        if tests == 0 && summary.tests > 0 {
            let slot = self.collector.named("");
            self.collector.add_counts(slot, &summary);
            self.collector.warn(WarningCode::CountsWithoutCases, "the summary states counts but no tests are listed");
        } else if (tests, bad) != (summary.tests, summary.failed) {
            let words = format!(
                "the summary states {} tests, {} failed; listed are {tests}, {bad} failed",
                summary.tests, summary.failed
            );
            self.collector.warn(WarningCode::CountsDisagree, words);
        }
    }
}

fn outcome(status: &str, raw: &str) -> Outcome {
    match status {
        "passed" => Outcome::Passed,
        "failed" => Outcome::Failed,
        "skipped" | "pending" => Outcome::Skipped,
        _ => {
            let raw = raw.to_ascii_lowercase();
            let broke =
                ["error", "broken", "timeout", "timedout", "abort", "crash"].iter().any(|word| raw.contains(word));
            if broke { Outcome::Errored } else { Outcome::Skipped }
        }
    }
}
