//! xUnit.net: assemblies of collections (or of classes) of tests.

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
    let mut assemblies = Assemblies { collector: Collector::new(limits), suite: String::new() };
    read_outline(reader, &mut assemblies)?;
    Ok(assemblies.collector.finish())
}

pub(super) fn is_root(element: &BytesStart<'_>) -> bool {
    matches!(element.local_name().as_ref(), "assemblies" | "assembly")
}

struct Assemblies<'l> {
    collector: Collector<'l>,
    /// The collection that is open.
    suite: String,
}

impl<'l> Outline<'l> for Assemblies<'l> {
    fn format(&self) -> Format {
        Format::Xunit
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        is_root(element)
    }

    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn meet(&mut self, _path: &[String], element: &Element) -> Take {
        match element.name.as_str() {
            "test" | "error" => Take::Whole,
            "collection" | "class" => {
                let name = element.line("name").unwrap_or_default();
                self.suite = name.strip_prefix("Test collection for ").unwrap_or(&name).to_owned();
                Take::Enter
            }
            _ => Take::Enter,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, "output" | "traits" | "attachments")
    }

    fn take(&mut self, _path: &[String], element: Element) {
        if element.name == "error" {
            return self.error(&element);
        }
        let failure = element.child("failure");
        let outcome = match element.attribute("result").to_ascii_lowercase().as_str() {
            "fail" => Outcome::Failed,
            "skip" | "notrun" => Outcome::Skipped,
            _ if failure.is_some() => Outcome::Failed,
            _ => Outcome::Passed,
        };
        let (seconds, odd) = element.seconds("time");
        if odd {
            self.collector.warn(WarningCode::OddTime, "a case has an odd duration");
        }
        let reason = element.child("reason");
        let reason = reason.map(|reason| reason.child("message").unwrap_or(reason)).and_then(Element::message);
        let found = Case {
            class: element.line("type"),
            file: element.line("source-file"),
            line: element.count("source-line"),
            seconds,
            message: failure.and_then(why).or(reason),
            details: failure.and_then(|failure| failure.child("stack-trace")).and_then(Element::details),
            ..case(&self.suite, element.line("name").or_else(|| element.line("method")), outcome)
        };
        self.collector.add_timed(found);
    }
}

impl Assemblies<'_> {
    /// What went wrong outside of a test.
    fn error(&mut self, element: &Element) {
        let failure = element.child("failure");
        let found = Case {
            class: element.line("type"),
            message: failure.and_then(why),
            details: failure.and_then(|failure| failure.child("stack-trace")).and_then(Element::details),
            ..case("", element.line("name").or_else(|| Some("(assembly)".to_owned())), Outcome::Errored)
        };
        self.collector.warn(WarningCode::SuiteFailure, "an assembly failed outside of its tests");
        self.collector.add(found);
    }
}

fn why(failure: &Element) -> Option<String> {
    failure.child("message").and_then(Element::message).or_else(|| failure.line("exception-type"))
}
