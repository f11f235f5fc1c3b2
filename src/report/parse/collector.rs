//! Takes the cases of a report and keeps what the limits allow.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::intake::Notes;
use crate::counts::Counts;
use crate::limits::{self, Limits};
use crate::model::{Case, Suite, TestReport, WarningCode};
use crate::outcome::Outcome;

/// The place of a suite in the report.
pub(super) type Slot = usize;

/// Collects the cases of one report, whatever its format.
#[derive(Debug)]
pub(super) struct Collector<'l> {
    limits: &'l Limits,
    report: TestReport,
    /// Of these only tests, failed and errored are kept up.
    total: Counts,
    /// Suites that are found again by their names.
    named: HashMap<u64, Slot>,
    seen: HashSet<u64>,
    kept: usize,
    late: usize,
    text: usize,
}

impl<'l> Collector<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            report: TestReport::default(),
            total: Counts::default(),
            named: HashMap::new(),
            seen: HashSet::new(),
            kept: 0,
            late: 0,
            text: 0,
        }
    }

    pub(super) fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        self.report.warn(code, message);
    }

    /// Warns of what was noticed on the way into the tokenizer.
    pub(super) fn warn_of(&mut self, notes: Notes) {
        if notes.replaced {
            self.warn(WarningCode::InvalidText, "some bytes are no text in the report's encoding");
        }
        if let Some(name) = notes.unknown_encoding {
            self.warn(WarningCode::UnknownEncoding, format!("encoding {name:?} is not known; read as UTF-8"));
        }
        if notes.cut {
            self.warn(WarningCode::LimitReached, "some texts, attributes or nested elements were cut");
        }
        if notes.doctype {
            self.warn(WarningCode::DoctypeIgnored, "the document type was not read");
        }
    }

    /// A new suite, although there may be one of the same name.
    pub(super) fn open(&mut self, name: &str) -> Slot {
        let slot = self.report.suites.len().min(self.limits.suites);
        if slot == self.report.suites.len() {
            let full = slot == self.limits.suites;
            let name = if full { "(further suites)" } else { name };
            self.text += name.len();
            self.report.suites.push(Suite { name: name.to_owned(), ..Suite::default() });
        }
        if slot == self.limits.suites {
            self.warn(WarningCode::LimitReached, "there are more suites than are told apart");
        }
        slot
    }

    /// The suite of this name, made when it is first asked for.
    pub(super) fn named(&mut self, name: &str) -> Slot {
        let key = hash(&name);
        if let Some(slot) = self.named.get(&key) {
            return *slot;
        }
        let slot = self.open(name);
        // Names beyond the limit share a suite; there is no need to remember them.
        if slot < self.limits.suites {
            self.named.insert(key, slot);
        }
        slot
    }

    /// The suite of this name, if it was made.
    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        self.named.get(&hash(&name)).copied()
    }

    /// Counts a case and keeps it if there is room; its place, if it was kept.
    pub(super) fn record(&mut self, slot: Slot, case: Case) -> Option<usize> {
        self.report.suites.get_mut(slot)?.counts.record(case.outcome, case.flaky);
        self.total.record(case.outcome, case.flaky);
        self.keep(slot, case)
    }

    /// Records a case in the suite that it names.
    pub(super) fn add(&mut self, case: Case) {
        let slot = self.named(&case.suite);
        self.record(slot, case);
    }

    /// The same, and the case's duration adds to that of its suite.
    pub(super) fn add_timed(&mut self, case: Case) {
        let slot = self.named(&case.suite);
        self.add_seconds(slot, case.seconds.unwrap_or(0.0));
        self.record(slot, case);
    }

    /// Adds counts of cases that are kept by other means or not at all.
    pub(super) fn add_counts(&mut self, slot: Slot, counts: &Counts) {
        if let Some(suite) = self.report.suites.get_mut(slot) {
            suite.counts.add(counts);
            self.total.add(counts);
        }
    }

    pub(super) fn add_seconds(&mut self, slot: Slot, seconds: f64) {
        if let Some(suite) = self.report.suites.get_mut(slot) {
            suite.seconds += seconds;
        }
    }

    /// Changes a case that was kept and its suite's counts with it.
    pub(super) fn revise(&mut self, slot: Slot, place: usize, change: impl FnOnce(&mut Case)) {
        let Some(suite) = self.report.suites.get_mut(slot) else { return };
        let Some(case) = suite.cases.get_mut(place) else { return };
        for counts in [&mut suite.counts, &mut self.total] {
            counts.forget(case.outcome, case.flaky);
        }
        change(case);
        for counts in [&mut suite.counts, &mut self.total] {
            counts.record(case.outcome, case.flaky);
        }
    }

    /// The place that the next new suite will have.
    pub(super) fn next_slot(&self) -> Slot {
        self.report.suites.len()
    }

    /// Fails all cases of the suites from this one on, also those that were
    /// not kept; false if there are none.
    pub(super) fn fail_from(&mut self, first: Slot, reason: &str) -> bool {
        let suites = self.report.suites.get_mut(first..).unwrap_or_default();
        for suite in suites.iter_mut() {
            self.total.failed = self.total.failed.saturating_add(suite.counts.fail_all());
            for case in suite.cases.iter_mut().filter(|case| !case.outcome.is_bad()) {
                (case.outcome, case.flaky) = (Outcome::Failed, false);
                case.message = Some(reason.to_owned());
            }
        }
        !suites.is_empty()
    }

    /// Gives a suite its name when that is known only at its end.
    pub(super) fn rename(&mut self, slot: Slot, name: &str) {
        let Some(suite) = self.report.suites.get_mut(slot).filter(|suite| suite.name != name) else { return };
        name.clone_into(&mut suite.name);
        suite.cases.iter_mut().for_each(|case| name.clone_into(&mut case.suite));
    }

    /// Cases that failed or errored so far.
    pub(super) fn bad(&self) -> u32 {
        self.total.bad()
    }

    /// Cases so far.
    pub(super) fn tests(&self) -> u32 {
        self.total.tests
    }

    pub(super) fn finish(self) -> TestReport {
        self.report
    }

    /// Puts a case into its suite if there is room.
    pub(super) fn keep(&mut self, slot: Slot, mut case: Case) -> Option<usize> {
        let full = self.kept >= self.limits.cases || self.text >= self.limits.text;
        if full {
            self.warn(WarningCode::LimitReached, "there are more cases than are kept; all are counted");
            self.late += usize::from(case.outcome.is_bad());
            if !case.outcome.is_bad() || self.late > limits::LATE_FAILURES {
                return None;
            }
        }
        if self.text >= self.limits.text / 2 && case.details.take().is_some() {
            self.warn(WarningCode::LimitReached, "the details of some cases were left out");
        }
        self.note_duplicate(&case);
        self.kept += 1;
        self.text += weight(&case);
        let suite = self.report.suites.get_mut(slot)?;
        suite.cases.push(case);
        Some(suite.cases.len() - 1)
    }

    fn note_duplicate(&mut self, case: &Case) {
        let key = hash(&(&case.suite, &case.class, &case.name, &case.file));
        if !self.seen.insert(key) {
            self.warn(WarningCode::Duplicate, format!("case {:?} occurs more than once", case.name));
        }
    }
}

/// A case of which nothing but these is known yet.
pub(super) fn case(suite: &str, name: Option<String>, outcome: Outcome) -> Case {
    Case {
        suite: suite.to_owned(),
        class: None,
        name: name.unwrap_or_else(|| "(no name)".to_owned()),
        file: None,
        line: None,
        seconds: None,
        outcome,
        message: None,
        details: None,
        flaky: false,
    }
}

/// A number for a key, where the key itself need not be kept.
pub(super) fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn weight(case: &Case) -> usize {
    let optional = [&case.class, &case.file, &case.message, &case.details];
    let texts: usize = optional.into_iter().flatten().map(String::len).sum();
    texts + case.name.len() + case.suite.len()
}
