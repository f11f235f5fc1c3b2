//! The JSON reporter of Mocha, which lists every test by what came of it.

use std::io::BufRead;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::json::{Shape, Tree, read as read_json};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut run = Run { collector: Collector::new(limits), stated: None };
    read_json(reader, &mut run)?;
    let found = (run.collector.tests(), run.collector.bad());
    if let Some((tests, failures)) = run.stated.filter(|stated| *stated != found) {
        let (listed, bad) = found;
        let words = format!("the report states {tests} tests, {failures} failed; listed are {listed}, {bad} failed");
        run.collector.warn(WarningCode::CountsDisagree, words);
    }
    Ok(run.collector.finish())
}

struct Run<'l> {
    collector: Collector<'l>,
    /// Tests and failures by the report's own count.
    stated: Option<(u32, u32)>,
}

impl<'l> Shape<'l> for Run<'l> {
    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn wants(&self, path: &[String]) -> bool {
        match path {
            [stats] => stats == "stats",
            // What is no test is not looked at.
            [list, item] => item == "*" && ["passes", "pending", "failures"].contains(&list.as_str()),
            _ => false,
        }
    }

    fn take(&mut self, path: &[String], value: Tree) {
        if value.members().is_empty() {
            return;
        }
        let outcome = match path[0].as_str() {
            "stats" => {
                self.stated = value.get("tests").count().zip(value.get("failures").count());
                return;
            }
            "passes" => Outcome::Passed,
            "pending" => Outcome::Skipped,
            // An error that says of itself what it is, is none of an assertion.
            _ if broke(value.get("err")) => Outcome::Errored,
            _ => Outcome::Failed,
        };
        let title = value.get("title").line();
        let full = value.get("fullTitle").text();
        let suite = full.strip_suffix(value.get("title").text()).unwrap_or_default().trim().to_owned();
        let suite = text::line(&suite, limits::NAME).unwrap_or_default();
        let found = Case {
            file: value.get("file").line(),
            seconds: value.get("duration").seconds(1000.0),
            message: value.get("err").get("message").message(),
            details: value.get("err").get("stack").details(),
            flaky: outcome == Outcome::Passed && value.get("currentRetry").count().is_some_and(|retry| retry > 0),
            ..case(&suite, title, outcome)
        };
        self.collector.add_timed(found);
    }
}

/// Was it something else than an assertion that failed?
fn broke(error: &Tree) -> bool {
    let assertion =
        ["expected", "actual", "generatedMessage", "showDiff"].iter().any(|name| !error.get(name).is_null());
    let name = error.get("name").text();
    !assertion && !name.is_empty() && !name.contains("Assert") && name != "Error"
}
