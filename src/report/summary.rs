//! The short form of a report, small enough for a status.

use serde::{Deserialize, Serialize};

use crate::counts::Counts;

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
    fn merged_summaries_keep_the_first_failures() {
        let mut sum = Summary { failures: vec![failed("a"), failed("b")], ..Summary::default() };
        let other = Summary { seconds: 1.5, failures: vec![failed("c")], ..Summary::default() };
        sum.add(other, 2);
        assert_eq!(sum.failures, [failed("a"), failed("b")]);
        assert!((sum.seconds - 1.5).abs() < 1e-9);
    }
}
