//! Robot Framework's output file: suites in suites, tests, and their keywords,
//! of which nothing is needed.

use std::io::BufRead;

use quick_xml::events::BytesStart;

use super::collector::{Collector, Slot, case};
use super::error::ParseError;
use super::format::Format;
use super::number;
use super::xml::{Element, Outline, Take, read_outline};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::text;

const DAY: f64 = 86_400.0;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut output = Output { collector: Collector::new(limits), suites: Vec::new() };
    read_outline(reader, &mut output)?;
    Ok(output.collector.finish())
}

pub(super) fn is_root(element: &BytesStart<'_>) -> bool {
    element.local_name().as_ref() == "robot"
}

struct Output<'l> {
    collector: Collector<'l>,
    /// The suites that are open, outermost first.
    suites: Vec<Suite>,
}

#[derive(Default)]
struct Suite {
    /// With the names of those around it, and dots.
    name: String,
    file: Option<String>,
    slot: Option<Slot>,
    /// The first suite of the report that may be inside of it.
    first: Slot,
    torn: bool,
}

impl<'l> Outline<'l> for Output<'l> {
    fn format(&self) -> Format {
        Format::Robot
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        is_root(element)
    }

    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn meet(&mut self, _path: &[String], element: &Element) -> Take {
        match element.name.as_str() {
            "suite" => {
                let name = element.line("name").unwrap_or_default();
                let name = match self.suites.last() {
                    Some(outer) => text::line(&format!("{}.{name}", outer.name), limits::NAME).unwrap_or_default(),
                    None => name,
                };
                let (file, first) = (element.line("source"), self.collector.next_slot());
                self.suites.push(Suite { name, file, first, ..Suite::default() });
                Take::Enter
            }
            "test" => Take::Whole,
            // What a suite does at its end decides over all tests in it.
            "kw" if element.attribute("type").eq_ignore_ascii_case("teardown") => Take::Whole,
            "robot" => Take::Enter,
            _ => Take::Skip,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        name != "status"
    }

    fn take(&mut self, _path: &[String], element: Element) {
        let nothing = Element::default();
        let status = element.child("status").unwrap_or(&nothing);
        let outcome = match status.attribute("status") {
            "PASS" => Outcome::Passed,
            "FAIL" => Outcome::Failed,
            "SKIP" | "NOT RUN" | "NOT_RUN" => Outcome::Skipped,
            _ => Outcome::Errored,
        };
        let Some(suite) = self.suites.last_mut() else { return };
        if element.name == "kw" {
            if outcome == Outcome::Failed {
                self.teardown_failed(status);
            }
            return;
        }
        let slot = *suite.slot.get_or_insert_with(|| self.collector.open(&suite.name));
        let message = status.message();
        let details = status.details().filter(|details| outcome.is_bad() && Some(details) != message.as_ref());
        let found = Case {
            file: suite.file.clone(),
            line: element.count("line"),
            seconds: seconds(status),
            message,
            details,
            ..case(&suite.name, element.line("name"), outcome)
        };
        self.collector.add_seconds(slot, found.seconds.unwrap_or(0.0));
        self.collector.record(slot, found);
    }

    fn close(&mut self, _path: &[String], name: &str) {
        if name == "suite" {
            self.suites.pop();
        }
    }
}

impl Output<'_> {
    /// As Robot Framework has it, everything in the suite failed then.
    fn teardown_failed(&mut self, status: &Element) {
        let Some(suite) = self.suites.last_mut().filter(|suite| !suite.torn) else { return };
        suite.torn = true;
        if !self.collector.fail_from(suite.first, "the teardown of a suite around it failed") {
            self.collector.warn(WarningCode::SuiteFailure, "the teardown of a suite failed");
            let found = case(&suite.name, Some("(teardown)".to_owned()), Outcome::Errored);
            self.collector.add(Case { message: status.message(), ..found });
        }
    }
}

/// As stated since version 7; before, by the times of day of begin and end.
fn seconds(status: &Element) -> Option<f64> {
    if !status.attribute("elapsed").is_empty() {
        return status.seconds("elapsed").0;
    }
    let time = |name| number::seconds(status.attribute(name).split_once(' ')?.1).0;
    let elapsed = time("endtime")? - time("starttime")?;
    Some(if elapsed < 0.0 { elapsed + DAY } else { elapsed })
}
