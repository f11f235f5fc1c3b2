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
    /// It failed by itself, not by a case.
    failed: bool,
    message: Option<String>,
    details: Option<String>,
    /// Bad cases that were known when it began.
    bad_before: u32,
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
                let failed = matches!(element.attribute("site"), "SetUp" | "TearDown") && outcome(element).is_bad();
                let name = element.line("fullname").or_else(|| element.line("name")).unwrap_or_default();
                let bad_before = self.collector.bad();
                self.suites.push(Suite { name, failed, message: None, details: None, bad_before });
                Take::Enter
            }
            _ => Take::Enter,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, "output" | "properties" | "attachments" | "categories")
    }

    fn take(&mut self, _path: &[String], element: Element) {
        let told = |failure: &Element| {
            let message = failure.child("message").and_then(Element::message);
            (message, failure.child("stack-trace").and_then(Element::details))
        };
        if element.name == "failure" {
            if let Some(suite) = self.suites.last_mut() {
                (suite.message, suite.details) = told(&element);
            }
            return;
        }
        let (seconds, odd) =
            element.seconds(if element.attribute("duration").is_empty() { "time" } else { "duration" });
        if odd {
            self.collector.warn(WarningCode::OddTime, "a case has an odd duration");
        }
        let (message, details) = element.child("failure").map(told).unwrap_or_default();
        let reason = element.below(&["reason", "message"]).and_then(Element::message);
        let suite = self.suites.last().map_or("", |suite| suite.name.as_str());
        let found = Case {
            class: element.line("classname"),
            seconds,
            message: message.or(reason),
            details,
            ..case(suite, element.line("name").or_else(|| element.line("fullname")), outcome(&element))
        };
        self.collector.add_timed(found);
    }

    fn close(&mut self, _path: &[String], name: &str) {
        if name != "test-suite" {
            return;
        }
        let Some(suite) = self.suites.pop() else { return };
        // A fixture that could not be set up or torn down, although every case is fine.
        if suite.failed && suite.bad_before == self.collector.bad() {
            self.collector.warn(WarningCode::SuiteFailure, "a suite failed outside of its cases");
            let found = case(&suite.name, Some("(suite)".to_owned()), Outcome::Errored);
            self.collector.add(Case { message: suite.message, details: suite.details, ..found });
        }
    }
}

/// By `result` and, where that leaves something open, by what else is said.
fn outcome(element: &Element) -> Outcome {
    // Some writers add the label: `Failed:Error`, `Failed(Child)`.
    let word = element.attribute("result").split([':', '(']).next().unwrap_or_default();
    match word.to_ascii_lowercase().as_str() {
        "failed" | "failure" => Outcome::Failed,
        "error" | "cancelled" | "notrunnable" | "invalid" => Outcome::Errored,
        "skipped" | "ignored" | "inconclusive" | "notrun" | "explicit" => Outcome::Skipped,
        _ if element.attribute("executed").eq_ignore_ascii_case("false") => Outcome::Skipped,
        _ if element.attribute("success").eq_ignore_ascii_case("false") => Outcome::Failed,
        _ if element.child("failure").is_some() => Outcome::Failed,
        _ => Outcome::Passed,
    }
}
