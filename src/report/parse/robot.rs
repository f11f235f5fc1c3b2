//! Robot Framework's output file: suites in suites, tests, and their keywords,
//! of which nothing is needed.

use std::io::BufRead;

use quick_xml::events::BytesStart;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::format::Format;
use super::number;
use super::xml::{Element, Outline, Take, read_outline};
use crate::limits::Limits;
use crate::model::{Case, TestReport};
use crate::outcome::Outcome;

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
    /// The suites that are open, outermost first: dotted name and source.
    suites: Vec<(String, Option<String>)>,
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
                    Some((outer, _)) => format!("{outer}.{name}"),
                    None => name,
                };
                self.suites.push((name, element.line("source")));
                Take::Enter
            }
            "test" => Take::Whole,
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
        let (suite, file) = self.suites.last().cloned().unwrap_or_default();
        let message = status.message();
        let details = status.details().filter(|details| outcome.is_bad() && Some(details) != message.as_ref());
        let found = Case {
            file,
            line: element.count("line"),
            seconds: seconds(status),
            message,
            details,
            ..case(&suite, element.line("name"), outcome)
        };
        self.collector.add_timed(found);
    }

    fn close(&mut self, _path: &[String], name: &str) {
        if name == "suite" {
            self.suites.pop();
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
