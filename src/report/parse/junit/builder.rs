//! Builds the report out of the elements as they come.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use quick_xml::events::BytesStart;

use super::case::{Draft, Finding};
use super::open_suite::OpenSuite;
use super::tag::{Kind, Tag};
use crate::limits::{self, Limits};
use crate::model::{Case, Suite, TestReport, WarningCode};
use crate::parse::squeeze::DEPTH;

/// The state between two elements.
pub(super) struct Builder<'l> {
    limits: &'l Limits,
    report: TestReport,
    /// The elements that are open, outermost first.
    open: Vec<Tag>,
    suites: Vec<OpenSuite>,
    case: Option<Draft>,
    finding: Option<Finding>,
    seen: HashSet<u64>,
    kept: usize,
    late: usize,
    text: usize,
}

impl<'l> Builder<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            report: TestReport::default(),
            open: Vec::new(),
            suites: Vec::new(),
            case: None,
            finding: None,
            seen: HashSet::new(),
            kept: 0,
            late: 0,
            text: 0,
        }
    }

    pub(super) fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        self.report.warn(code, message);
    }

    /// No element is open.
    pub(super) fn at_root(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn start(&mut self, tag: Tag, element: &BytesStart<'_>) {
        if self.open.len() < DEPTH {
            self.open.push(tag);
        }
        match tag {
            Tag::Suites | Tag::Suite => self.start_suite(element),
            Tag::Case => self.start_case(element),
            Tag::Outcome(kind) => self.start_finding(kind, element),
            Tag::Output | Tag::Other => {}
        }
    }

    pub(super) fn end(&mut self, tag: Tag) {
        let Some(at) = self.open.iter().rposition(|open| *open == tag) else {
            return self.warn(WarningCode::Malformed, "an end tag has no start tag");
        };
        if at + 1 < self.open.len() {
            self.warn(WarningCode::Malformed, "an element has no end tag");
        }
        while self.open.len() > at {
            let closed = self.open.pop().expect("the loop ends above zero");
            self.close(closed);
        }
    }

    /// Text where it may belong to a finding.
    pub(super) fn text(&mut self, piece: &str) {
        if self.open.is_empty() {
            if !piece.trim().is_empty() {
                self.warn(WarningCode::Malformed, "there is text outside of the root element");
            }
            return;
        }
        // A try that failed carries the output of that try: not of interest.
        let Some(finding) = &mut self.finding else {
            return;
        };
        let inside = self.open.iter().rev().take_while(|tag| !matches!(tag, Tag::Outcome(_)));
        if !inside.into_iter().any(|tag| *tag == Tag::Output) {
            finding.text.push(piece);
        }
    }

    /// The end of the input, perhaps in the middle.
    pub(super) fn finish(mut self) -> TestReport {
        if !self.open.is_empty() {
            self.warn(WarningCode::Truncated, "the report ends in the middle");
        }
        self.end_finding();
        // A case whose outcome had not come yet is not known to have passed.
        if self.case.as_ref().is_some_and(|case| !case.settled) {
            self.case = None;
        }
        while let Some(tag) = self.open.pop() {
            self.close(tag);
        }
        self.report
    }

    fn close(&mut self, tag: Tag) {
        match tag {
            Tag::Suites | Tag::Suite => self.end_suite(),
            Tag::Case => self.end_case(),
            Tag::Outcome(_) => self.end_finding(),
            Tag::Output | Tag::Other => {}
        }
    }

    fn start_suite(&mut self, element: &BytesStart<'_>) {
        self.end_case();
        let suite = OpenSuite::begin(element);
        if suite.odd_time {
            self.warn(WarningCode::OddTime, format!("suite {:?} has an odd duration", suite.name));
        }
        if let Some(outer) = self.suites.last_mut() {
            outer.has_suites = true;
        }
        self.suites.push(suite);
    }

    fn end_suite(&mut self) {
        self.end_finding();
        self.end_case();
        let Some(suite) = self.suites.last_mut() else { return };
        if let Some(stated) = suite.counts_without_cases() {
            suite.direct = stated;
            let words = format!("suite {:?} states counts but lists no cases", suite.name);
            self.warn(WarningCode::CountsWithoutCases, words);
        } else if let Some(words) = suite.disagreement() {
            self.warn(WarningCode::CountsDisagree, words);
        }
        let slot = self.slot();
        let Some(suite) = self.suites.pop() else { return };
        if let Some(outer) = self.suites.last_mut() {
            outer.nested.add(&suite.all());
        }
        if let Some(place) = slot.and_then(|slot| self.report.suites.get_mut(slot)) {
            place.counts.add(&suite.direct);
            place.seconds += suite.seconds();
        }
    }

    /// The place of the innermost suite in the report; none while it has no
    /// case, so that suites around suites leave no trace.
    fn slot(&mut self) -> Option<usize> {
        let suite = self.suites.last_mut().filter(|suite| suite.direct.tests > 0)?;
        if suite.slot.is_some() {
            return suite.slot;
        }
        let slot = self.report.suites.len().min(self.limits.suites);
        suite.slot = Some(slot);
        if slot == self.report.suites.len() {
            let full = slot == self.limits.suites;
            let name = if full { "(further suites)".to_owned() } else { suite.name.clone() };
            self.text += name.len();
            self.report.suites.push(Suite { name, ..Suite::default() });
        }
        if slot == self.limits.suites {
            self.warn(WarningCode::LimitReached, "there are more suites than are told apart");
        }
        Some(slot)
    }

    fn start_case(&mut self, element: &BytesStart<'_>) {
        self.end_case();
        let case = Draft::begin(element);
        if !case.has_name() {
            self.warn(WarningCode::MissingName, "a case has no name");
        }
        if case.odd_time {
            self.warn(WarningCode::OddTime, "a case has an odd duration");
        }
        self.case = Some(case);
    }

    fn end_case(&mut self) {
        self.end_finding();
        let Some(draft) = self.case.take() else {
            return;
        };
        // The root is a suite, and nothing outside of a root comes here.
        let Some(suite) = self.suites.last_mut() else {
            return;
        };
        let case = draft.finish(&suite.name, suite.file.as_ref());
        suite.direct.record(case.outcome, case.flaky);
        suite.case_seconds += case.seconds.unwrap_or(0.0);
        if let Some(slot) = self.slot() {
            self.keep(slot, case);
        }
    }

    fn start_finding(&mut self, kind: Kind, element: &BytesStart<'_>) {
        self.end_finding();
        self.finding = Some(Finding::begin(kind, element));
    }

    fn end_finding(&mut self) {
        let Some(finding) = self.finding.take() else {
            return;
        };
        if let Some(case) = &mut self.case {
            return case.add(finding);
        }
        // A class that could not be set up says so in its suite, and no case
        // of it runs: it must not go unnoticed.
        if matches!(finding.kind, Kind::Failure | Kind::Error) && !self.suites.is_empty() {
            self.warn(WarningCode::SuiteFailure, "a suite failed as a whole");
            let mut draft = Draft::of_suite(None);
            draft.add(finding);
            self.case = Some(draft);
            self.end_case();
        }
    }

    /// Puts a case into its suite if there is room.
    fn keep(&mut self, slot: usize, mut case: Case) {
        let full = self.kept >= self.limits.cases || self.text >= self.limits.text;
        if full {
            self.warn(WarningCode::LimitReached, "there are more cases than are kept; all are counted");
            self.late += usize::from(case.outcome.is_bad());
            if !case.outcome.is_bad() || self.late > limits::LATE_FAILURES {
                return;
            }
        }
        if self.text >= self.limits.text / 2 && case.details.take().is_some() {
            self.warn(WarningCode::LimitReached, "the details of some cases were left out");
        }
        self.note_duplicate(&case);
        self.kept += 1;
        self.text += weight(&case);
        if let Some(suite) = self.report.suites.get_mut(slot) {
            suite.cases.push(case);
        }
    }

    fn note_duplicate(&mut self, case: &Case) {
        let mut hasher = DefaultHasher::new();
        (&case.suite, &case.class, &case.name, &case.file).hash(&mut hasher);
        if !self.seen.insert(hasher.finish()) {
            self.warn(WarningCode::Duplicate, format!("case {:?} occurs more than once", case.name));
        }
    }
}

fn weight(case: &Case) -> usize {
    let optional = [&case.class, &case.file, &case.message, &case.details];
    let texts: usize = optional.into_iter().flatten().map(String::len).sum();
    texts + case.name.len() + case.suite.len()
}
