//! One suite while its element is read.

use quick_xml::events::BytesStart;

use crate::counts::Counts;
use crate::parse::number;
use crate::parse::xml::attributes;

/// A suite whose end has not come yet.
#[derive(Debug)]
pub(super) struct OpenSuite {
    /// Its place in the report, once it has a case.
    pub(super) slot: Option<usize>,
    pub(super) name: String,
    pub(super) file: Option<String>,
    time: Option<f64>,
    pub(super) odd_time: bool,
    stated: Stated,
    /// Cases directly inside.
    pub(super) direct: Counts,
    /// Cases of the suites inside.
    pub(super) nested: Counts,
    pub(super) has_suites: bool,
    pub(super) case_seconds: f64,
}

/// The totals that a suite states about itself.
#[derive(Debug, Default)]
struct Stated {
    tests: Option<u32>,
    failures: Option<u32>,
    errors: Option<u32>,
    skipped: u32,
}

impl OpenSuite {
    pub(super) fn begin(element: &BytesStart<'_>) -> Self {
        let count = |names: &[&str]| attributes::get(element, names).and_then(|raw| number::count(&raw));
        let stated = Stated {
            tests: count(&["tests"]),
            failures: count(&["failures", "failed"]),
            errors: count(&["errors"]),
            skipped: ["skipped", "skips", "skip", "disabled", "ignored"]
                .iter()
                .filter_map(|name| count(&[name]))
                .fold(0, u32::saturating_add),
        };
        let (time, odd_time) = number::seconds(&attributes::get(element, &["time", "duration"]).unwrap_or_default());
        Self {
            slot: None,
            name: attributes::line(element, &["name"]).unwrap_or_default(),
            file: attributes::line(element, &["file", "filepath"]),
            time,
            odd_time,
            stated,
            direct: Counts::default(),
            nested: Counts::default(),
            has_suites: false,
            case_seconds: 0.0,
        }
    }

    /// All cases inside.
    pub(super) fn all(&self) -> Counts {
        let mut all = self.direct;
        all.add(&self.nested);
        all
    }

    /// The stated totals, if they are all there is.
    pub(super) fn counts_without_cases(&self) -> Option<Counts> {
        let tests = self.stated.tests.filter(|tests| *tests > 0 && self.all().tests == 0)?;
        let failed = self.stated.failures.unwrap_or(0);
        let errored = self.stated.errors.unwrap_or(0);
        let not_passed = failed.saturating_add(errored).saturating_add(self.stated.skipped);
        let tests = tests.max(not_passed);
        Some(Counts { tests, passed: tests - not_passed, failed, errored, skipped: self.stated.skipped, flaky: 0 })
    }

    /// How the stated totals differ from the cases, in words.
    pub(super) fn disagreement(&self) -> Option<String> {
        let all = self.all();
        let tests = self.stated.tests.filter(|tests| ![all.tests, self.direct.tests].contains(tests));
        if let Some(tests) = tests {
            return Some(format!("suite {:?} states {tests} tests but has {}", self.name, all.tests));
        }
        let found = [all, self.direct];
        let agrees = match (self.stated.failures, self.stated.errors) {
            (None, None) => true,
            // Some tools count errors among the failures.
            (Some(failures), None) => found.iter().any(|found| [found.failed, found.bad()].contains(&failures)),
            (failures, errors) => {
                let bad = failures.unwrap_or(0).saturating_add(errors.unwrap_or(0));
                found.iter().any(|found| found.bad() == bad)
            }
        };
        (!agrees)
            .then(|| format!("suite {:?} states other failures and errors than the {} it has", self.name, all.bad()))
    }

    /// Its own duration: as stated, unless that includes the suites inside.
    pub(super) fn seconds(&self) -> f64 {
        match self.time {
            Some(time) if !self.has_suites => time,
            _ => self.case_seconds,
        }
    }
}
