//! The one model that every format is read into.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;
use crate::outcome::Outcome;
use crate::summary::{FailedCase, Summary};

/// One test case. All texts are cleaned (no control characters, no terminal
/// sequences) and bounded, but otherwise as the test wrote them: escape them
/// wherever they are shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Case {
    /// Name of the suite directly around the case; may be empty.
    pub suite: String,
    /// Class, module or file-like group that the tool gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Name of the test, never empty.
    pub name: String,
    /// Source file as the tool wrote it. Never open it without confinement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Duration in seconds, finite and not negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What came of it.
    pub outcome: Outcome,
    /// Why, in short: at most 1 KiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Stack trace or diff: at most 8 KiB, the middle left out if longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
    /// Passed, but only after a failed try in the same run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
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

/// A group of cases. Nested groups are laid flat in the order of their first cases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suite {
    /// Name as the tool gave it; may be empty.
    pub name: String,
    /// All cases of the suite, those that were not kept included.
    pub counts: Counts,
    /// Duration in seconds, finite and not negative.
    pub seconds: f64,
    /// The cases kept, in the order of the report.
    #[serde(default)]
    pub cases: Vec<Case>,
}

/// Everything read from one report (or several, merged).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReport {
    /// The suites that have cases or counts.
    pub suites: Vec<Suite>,
    /// What was odd about the report, one entry per kind of oddity.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

impl TestReport {
    /// The counts of all suites together.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for suite in &self.suites {
            counts.add(&suite.counts);
        }
        counts
    }

    /// All cases that were kept, in the order of the report.
    pub fn cases(&self) -> impl Iterator<Item = &Case> {
        self.suites.iter().flat_map(|suite| &suite.cases)
    }

    /// Counts, duration and the first `cap` failed or errored cases.
    #[must_use]
    pub fn summary(&self, cap: usize) -> Summary {
        let seconds = self.suites.iter().map(|suite| suite.seconds).sum();
        let bad = self.cases().filter(|case| case.outcome.is_bad());
        let failures = bad.take(cap).map(FailedCase::from).collect();
        Summary { counts: self.counts(), seconds, failures }
    }

    /// Notes an oddity; repeats of a kind are counted on the first one.
    pub fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        match self.warnings.iter_mut().find(|known| known.code == code) {
            Some(known) => known.times = known.times.saturating_add(1),
            None => self.warnings.push(Warning { code, message: message.into(), times: 1 }),
        }
    }

    /// Appends the suites and warnings of another report, as when the legs of
    /// one execution are put together.
    pub fn merge(&mut self, other: TestReport) {
        self.suites.extend(other.suites);
        for warning in other.warnings {
            let times = warning.times;
            self.warn(warning.code, warning.message);
            if let Some(known) = self.warnings.iter_mut().find(|known| known.code == warning.code) {
                known.times = known.times.saturating_add(times.saturating_sub(1));
            }
        }
    }
}

/// An oddity of a report. A report with warnings is still a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// The kind of oddity.
    pub code: WarningCode,
    /// The first occurrence in words for people; may quote the report.
    pub message: String,
    /// How often it occurred.
    pub times: u32,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.times > 1 {
            write!(f, " (and {} more like it)", self.times - 1)?;
        }
        Ok(())
    }
}

/// The kinds of oddity. The first two mean that something may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum WarningCode {
    /// The report ends in the middle: whatever came after is unknown.
    Truncated,
    /// A limit was reached: something was counted but not kept.
    LimitReached,
    /// Tags that do not match, or text where none belongs.
    Malformed,
    /// The totals that the report states are not those of its cases.
    CountsDisagree,
    /// The report states totals but lists no cases: the totals were taken.
    CountsWithoutCases,
    /// A duration that is negative, not a number, or absurd.
    OddTime,
    /// A case without a name.
    MissingName,
    /// The same test occurs more than once; every occurrence counts.
    Duplicate,
    /// Bytes that are no text in the report's encoding.
    InvalidText,
    /// The report names an encoding that is not supported.
    UnknownEncoding,
    /// The report carries a document type; it was not read.
    DoctypeIgnored,
    /// A further root element that is not of this format.
    ForeignRoot,
    /// A failure or error that belongs to no case; it was made one.
    SuiteFailure,
}
