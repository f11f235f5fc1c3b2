//! Counts of outcomes and the short form of a report that fits into a status.

use serde::{Deserialize, Serialize};

use crate::model::{Case, Outcome};

/// How many cases came out which way. `passed`, `failed`, `errored` and
/// `skipped` add up to `tests`; `flaky` ones are among the passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counts {
    /// All cases.
    pub tests: u32,
    /// Cases that passed, flaky ones included.
    pub passed: u32,
    /// Cases that said no.
    pub failed: u32,
    /// Cases that broke.
    pub errored: u32,
    /// Cases that did not run.
    pub skipped: u32,
    /// Cases that passed only after a failed try.
    pub flaky: u32,
}

impl Counts {
    /// Counts one more case.
    pub fn record(&mut self, outcome: Outcome, flaky: bool) {
        let slot = match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Errored => &mut self.errored,
            Outcome::Skipped => &mut self.skipped,
        };
        *slot = slot.saturating_add(1);
        self.tests = self.tests.saturating_add(1);
        if flaky && outcome == Outcome::Passed {
            self.flaky = self.flaky.saturating_add(1);
        }
    }

    /// Adds the counts of another report, without overflow.
    pub fn add(&mut self, other: &Counts) {
        self.tests = self.tests.saturating_add(other.tests);
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.errored = self.errored.saturating_add(other.errored);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.flaky = self.flaky.saturating_add(other.flaky);
    }

    /// No case failed or errored. True also when there are no cases at all:
    /// whether that is good enough is for the caller to say.
    #[must_use]
    pub fn ran_clean(&self) -> bool {
        self.failed == 0 && self.errored == 0
    }

    /// Cases that failed or errored.
    #[must_use]
    pub fn bad(&self) -> u32 {
        self.failed.saturating_add(self.errored)
    }
}

/// A failed or errored case in one line.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedCase {
    /// The suite, or the class where the suite has no name; may be empty.
    pub suite: String,
    /// Name of the test.
    pub name: String,
    /// Why it failed, at most 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl From<&Case> for FailedCase {
    fn from(case: &Case) -> Self {
        let suite = match (&case.class, case.suite.is_empty()) {
            (Some(class), true) => class.clone(),
            _ => case.suite.clone(),
        };
        Self { suite, name: case.name.clone(), message: case.message.clone() }
    }
}

/// A report in short.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// The counts of all cases.
    pub counts: Counts,
    /// Sum of the suites' durations in seconds (tests that ran side by side add up).
    pub seconds: f64,
    /// The first failed or errored cases.
    pub failures: Vec<FailedCase>,
}

impl Summary {
    /// Adds another summary; at most `cap` failures are listed afterwards.
    pub fn add(&mut self, other: Summary, cap: usize) {
        self.counts.add(&other.counts);
        self.seconds += other.seconds;
        self.failures.extend(other.failures);
        self.failures.truncate(cap);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(name: &str) -> FailedCase {
        FailedCase { suite: "s".into(), name: name.into(), message: None }
    }

    #[test]
    fn counts_add_up_and_never_overflow() {
        let mut counts = Counts::default();
        counts.record(Outcome::Passed, true);
        counts.record(Outcome::Failed, true);
        counts.record(Outcome::Skipped, false);
        assert_eq!((counts.tests, counts.flaky, counts.bad()), (3, 1, 1));
        assert!(!counts.ran_clean());
        counts.add(&Counts { tests: u32::MAX, passed: u32::MAX, ..Counts::default() });
        assert_eq!(counts.tests, u32::MAX);
    }

    #[test]
    fn merged_summaries_keep_the_first_failures() {
        let mut sum = Summary { failures: vec![failed("a"), failed("b")], ..Summary::default() };
        let other = Summary { seconds: 1.5, failures: vec![failed("c")], ..Summary::default() };
        sum.add(other, 2);
        assert_eq!(sum.failures, [failed("a"), failed("b")]);
        assert!((sum.seconds - 1.5).abs() < 1e-9);
    }
}
