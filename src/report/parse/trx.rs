//! Visual Studio's test results.

use std::collections::HashMap;
use std::io::BufRead;

use quick_xml::events::BytesStart;

use super::collector::{Collector, case, hash};
use super::error::ParseError;
use super::format::Format;
use super::xml::{Element, Outline, Take, attributes, read_outline};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut run = Run { collector: Collector::new(limits), places: HashMap::new(), failed: false, complaint: None };
    read_outline(reader, &mut run)?;
    Ok(run.collector.finish())
}

pub(super) fn is_root(element: &BytesStart<'_>) -> bool {
    element.local_name().as_ref() == "TestRun"
        && attributes::namespace(element).is_some_and(|namespace| namespace.contains("TeamTest"))
}

struct Run<'l> {
    collector: Collector<'l>,
    /// The cases that were kept, by their tests: what class those are of is told later.
    places: HashMap<u64, Vec<usize>>,
    /// The run says of itself that it failed.
    failed: bool,
    /// The first error that belongs to no test.
    complaint: Option<Element>,
}

impl<'l> Outline<'l> for Run<'l> {
    fn format(&self) -> Format {
        Format::Trx
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        is_root(element)
    }

    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn meet(&mut self, _path: &[String], element: &Element) -> Take {
        match element.name.as_str() {
            name if name.ends_with("TestResult") || name == "TestResultAggregation" => Take::Whole,
            "UnitTest" | "WebTest" | "LoadTest" | "OrderedTest" | "ManualTest" | "GenericTest" => Take::Whole,
            "RunInfo" => Take::Whole,
            "ResultSummary" => {
                let says = element.attribute("outcome");
                self.failed = !says.is_empty() && outcome(says).is_bad();
                Take::Enter
            }
            _ => Take::Enter,
        }
    }

    fn leaves_out(&self, name: &str) -> bool {
        matches!(name, "StdOut" | "StdErr" | "DebugTrace" | "ResultFiles" | "CollectorDataEntries" | "TextMessages")
    }

    fn take(&mut self, _path: &[String], element: Element) {
        match element.name.as_str() {
            "RunInfo" if outcome(element.attribute("outcome")).is_bad() => {
                self.complaint.get_or_insert(element);
            }
            "RunInfo" => {}
            name if name.contains("TestResult") => self.result(&element),
            _ => self.definition(&element),
        }
    }

    fn end(&mut self) {
        if !self.failed || self.collector.bad() > 0 {
            return;
        }
        // A host that crashed leaves nothing but this.
        let mut found = case("", Some("(run)".to_owned()), Outcome::Errored);
        let words = self.complaint.as_ref().and_then(|element| element.below(&["Text"]));
        found.message = words.and_then(Element::message).or_else(|| Some("the run failed as a whole".to_owned()));
        self.collector.warn(WarningCode::SuiteFailure, "the run failed, although no test did");
        self.collector.add(found);
    }
}

impl Run<'_> {
    /// Records a result; of one that is made of others those others, unless
    /// none of them says why it failed.
    fn result(&mut self, element: &Element) {
        let before = self.collector.bad();
        if let Some(inner) = element.child("InnerResults").filter(|inner| !inner.children.is_empty()) {
            inner.children.iter().for_each(|result| self.result(result));
            let says_no = outcome(element.attribute("outcome")).is_bad();
            if !says_no || self.collector.bad() > before {
                return;
            }
        }
        let (seconds, odd) = element.seconds("duration");
        if odd {
            self.collector.warn(WarningCode::OddTime, "a case has an odd duration");
        }
        let info = element.below(&["Output", "ErrorInfo"]);
        let outcome = outcome(element.attribute("outcome"));
        let found = Case {
            seconds,
            message: info.and_then(|info| info.child("Message")).and_then(Element::message),
            details: info.and_then(|info| info.child("StackTrace")).and_then(Element::details),
            ..case("", element.line("testName"), outcome)
        };
        let slot = self.collector.named("");
        self.collector.add_seconds(slot, seconds.unwrap_or(0.0));
        if let Some(place) = self.collector.record(slot, found) {
            self.places.entry(hash(&element.attribute("testId"))).or_default().push(place);
        }
    }

    /// Gives the cases of a test its class.
    fn definition(&mut self, element: &Element) {
        let Some(class) = element.child("TestMethod").and_then(|method| method.line("className")) else { return };
        // Older writers add the assembly: `Name.Space.Class, Assembly, Version=…`.
        let class = class.split(", ").next().unwrap_or_default();
        let Some(class) = text::line(class, limits::NAME) else { return };
        let places = self.places.remove(&hash(&element.attribute("id"))).unwrap_or_default();
        let slot = self.collector.named("");
        for place in places {
            self.collector.revise(slot, place, |case| {
                // The xUnit adapter writes the class into the name as well.
                if let Some(rest) = case.name.strip_prefix(&class).and_then(|rest| rest.strip_prefix('.')) {
                    case.name = rest.to_owned();
                }
                case.class = Some(class.clone());
            });
        }
    }
}

fn outcome(word: &str) -> Outcome {
    match word {
        "Failed" => Outcome::Failed,
        "Passed" | "PassedButRunAborted" | "Completed" | "Warning" => Outcome::Passed,
        "NotExecuted" | "Inconclusive" | "NotRunnable" | "Pending" | "Disconnected" | "InProgress" => Outcome::Skipped,
        // Visual Studio leaves the outcome out where it is an error.
        _ => Outcome::Errored,
    }
}
