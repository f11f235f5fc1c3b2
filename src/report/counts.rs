//! How many tests came out which way.

use serde::{Deserialize, Serialize};

use crate::outcome::Outcome;

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
        let slot = self.slot(outcome);
        *slot = slot.saturating_add(1);
        self.tests = self.tests.saturating_add(1);
        if flaky && outcome == Outcome::Passed {
            self.flaky = self.flaky.saturating_add(1);
        }
    }

    /// Takes a case back that was counted before.
    pub(crate) fn forget(&mut self, outcome: Outcome, flaky: bool) {
        let slot = self.slot(outcome);
        *slot = slot.saturating_sub(1);
        self.tests = self.tests.saturating_sub(1);
        if flaky && outcome == Outcome::Passed {
            self.flaky = self.flaky.saturating_sub(1);
        }
    }

    /// Makes failed ones of all that passed or were skipped; says how many.
    pub(crate) fn fail_all(&mut self) -> u32 {
        let fine = std::mem::take(&mut self.passed).saturating_add(std::mem::take(&mut self.skipped));
        self.failed = self.failed.saturating_add(fine);
        self.flaky = 0;
        fine
    }

    fn slot(&mut self, outcome: Outcome) -> &mut u32 {
        match outcome {
            Outcome::Passed => &mut self.passed,
            Outcome::Failed => &mut self.failed,
            Outcome::Errored => &mut self.errored,
            Outcome::Skipped => &mut self.skipped,
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
