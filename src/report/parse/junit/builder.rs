//! Builds the report out of the elements as they come.

use quick_xml::events::BytesStart;

use super::case::{Draft, Finding};
use super::open_suite::OpenSuite;
use super::tag::{Kind, Tag};
use crate::limits::Limits;
use crate::model::{TestReport, WarningCode};
use crate::parse::collector::{Collector, Slot};
use crate::parse::format::Format;
use crate::parse::intake::Notes;
use crate::parse::squeeze::DEPTH;
use crate::parse::xml::{Handler, attributes};

/// The state between two elements.
pub(super) struct Builder<'l> {
    collector: Collector<'l>,
    /// The elements that are open, outermost first.
    open: Vec<Tag>,
    suites: Vec<OpenSuite>,
    case: Option<Draft>,
    finding: Option<Finding>,
}

impl<'l> Builder<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { collector: Collector::new(limits), open: Vec::new(), suites: Vec::new(), case: None, finding: None }
    }

    fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        self.collector.warn(code, message);
    }

    fn begin(&mut self, tag: Tag, element: &BytesStart<'_>) {
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

    fn finish_tag(&mut self, tag: Tag) {
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
        self.collector.finish()
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
        if let Some(slot) = slot {
            self.collector.add_counts(slot, &suite.direct);
            self.collector.add_seconds(slot, suite.seconds());
        }
    }

    /// The place of the innermost suite in the report; none while it has no
    /// case, so that suites around suites leave no trace.
    fn slot(&mut self) -> Option<Slot> {
        let suite = self.suites.last_mut().filter(|suite| suite.direct.tests > 0)?;
        Some(*suite.slot.get_or_insert_with(|| self.collector.open(&suite.name)))
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
            self.collector.keep(slot, case);
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
}

impl Handler for Builder<'_> {
    fn format(&self) -> Format {
        Format::Junit
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        is_root(element)
    }

    fn at_root(&self) -> bool {
        self.open.is_empty()
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        self.begin(Tag::of(element.local_name().as_ref()), element);
    }

    fn end(&mut self, name: &str) {
        self.finish_tag(Tag::of(name));
    }

    /// Text where it may belong to a finding.
    fn text(&mut self, piece: &str) {
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

    fn warn(&mut self, code: WarningCode, message: String) {
        self.collector.warn(code, message);
    }

    fn warn_of(&mut self, notes: Notes) {
        self.collector.warn_of(notes);
    }
}

/// Is this root element one of JUnit's?
pub(in crate::parse) fn is_root(root: &BytesStart<'_>) -> bool {
    matches!(root.local_name().as_ref(), "testsuites" | "testsuite") && attributes::namespace(root).is_none()
}
