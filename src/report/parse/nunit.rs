//! NUnit, versions 2 and 3: suites in suites, and cases in them.

use std::io::BufRead;

use quick_xml::events::BytesStart;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::format::Format;
use super::xml::{Element, Outline, Take, read_outline};
use crate::limits::Limits;
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut run = Run { collector: Collector::new(limits), suites: Vec::new() };
    read_outline(reader, &mut run)?;
    Ok(run.collector.finish())
}

pub(super) fn is_root(element: &BytesStart<'_>) -> bool {
    matches!(element.local_name().as_ref(), "test-run" | "test-results")
}

struct Run<'l> {
    collector: Collector<'l>,
    /// The suites that are open, outermost first.
    suites: Vec<Suite>,
}

struct Suite {
    name: String,
    /// It failed by itself, not by a child; bad cases that were known before.
    own_failure: Option<u32>,
}

impl<'l> Outline<'l> for Run<'l> {
    fn format(&self) -> Format {
        Format::Nunit
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        is_root(element)
    }

    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn meet(&mut self, path: &[String], element: &Element) -> Take {
        match element.name.as_str() {
            "test-case" => Take::Whole,
            // That of a suite; the one of a case comes with the case.
            "failure" if path.last().is_some_and(|around| around == "test-suite") => Take::Whole,
            "test-suite" => {
                let site = element.attribute("site");
                let own = ["SetUp", "TearDown"].contains(&site) && outcome(element).is_bad();
                let own_failure = own.then(|| self.collector.counts().bad());
                let name = element.line("fullname").or_else(|| element.line("name")).unwrap_or_default();
                self.suites.push(Suite { name, own_failure });
                Take::Enter
            }
            _ => Take::Enter,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, "output" | "properties" | "attachments" | "categories")
    }

    fn take(&mut self, _path: &[String], element: Element) {
        if element.name == "failure" {
            return self.suite_failure(&element);
        }
        let (seconds, odd) =
            element.seconds(if element.attribute("duration").is_empty() { "time" } else { "duration" });
        if odd {
            self.collector.warn(WarningCode::OddTime, "a case has an odd duration");
        }
        let failure = element.child("failure");
        let reason = element.below(&["reason", "message"]).and_then(Element::message);
        let suite = self.suites.last().map_or("", |suite| suite.name.as_str());
        let found = Case {
            class: element.line("classname"),
            seconds,
            message: failure.and_then(|failure| failure.child("message")).and_then(Element::message).or(reason),
            details: failure.and_then(|failure| failure.child("stack-trace")).and_then(Element::details),
            ..case(suite, element.line("name").or_else(|| element.line("fullname")), outcome(&element))
        };
        self.collector.add_timed(found);
    }

    fn close(&mut self, _path: &[String], name: &str) {
        if name != "test-suite" {
            return;
        }
        let Some(suite) = self.suites.pop() else { return };
        if suite.own_failure.is_some_and(|before| before == self.collector.counts().bad()) {
            self.fail(&suite.name, None, None);
        }
    }
}

impl Run<'_> {
    /// A fixture that could not be set up or torn down, although its cases passed.
    fn suite_failure(&mut self, element: &Element) {
        let Some(suite) = self.suites.last_mut() else { return };
        let Some(before) = suite.own_failure else { return };
        // In a set-up that failed every case says so itself, after this.
        if before == self.collector.counts().bad() && self.collector.counts().tests > 0 {
            suite.own_failure = None;
            let name = suite.name.clone();
            let message = element.child("message").and_then(Element::message);
            self.fail(&name, message, element.child("stack-trace").and_then(Element::details));
        }
    }

    fn fail(&mut self, suite: &str, message: Option<String>, details: Option<String>) {
        self.collector.warn(WarningCode::SuiteFailure, "a suite failed outside of its cases");
        let found = case(suite, Some("(suite)".to_owned()), Outcome::Errored);
        self.collector.add(Case { message, details, ..found });
    }
}

/// By `result` and, where that leaves something open, by what else is said.
fn outcome(element: &Element) -> Outcome {
    let result = element.attribute("result");
    // Some writers add the label: `Failed:Error`, `Failed(Child)`.
    let (word, more) = result.split_once([':', '(']).unwrap_or((result, ""));
    let label = if more.is_empty() { element.attribute("label") } else { more.trim_end_matches(')') };
    match word.to_ascii_lowercase().as_str() {
        "failed" | "failure" if label.eq_ignore_ascii_case("error") => Outcome::Errored,
        "failed" | "failure" => Outcome::Failed,
        "error" | "cancelled" => Outcome::Errored,
        "skipped" | "ignored" | "inconclusive" | "notrunnable" | "invalid" | "notrun" | "explicit" => Outcome::Skipped,
        _ if element.attribute("executed").eq_ignore_ascii_case("false") => Outcome::Skipped,
        _ if element.attribute("success").eq_ignore_ascii_case("false") => Outcome::Failed,
        _ => Outcome::Passed,
    }
}
