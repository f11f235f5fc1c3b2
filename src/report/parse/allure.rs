//! Allure's result of one test.

use std::io::BufRead;

use super::collector::{Collector, case};
use super::error::ParseError;
use super::json::{Shape, Tree, read as read_json};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut one = One { collector: Collector::new(limits) };
    read_json(reader, &mut one)?;
    Ok(one.collector.finish())
}

struct One<'l> {
    collector: Collector<'l>,
}

impl<'l> Shape<'l> for One<'l> {
    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn wants(&self, path: &[String]) -> bool {
        path.is_empty()
    }

    fn take(&mut self, _path: &[String], value: Tree) {
        let outcome = match value.get("status").text().to_ascii_lowercase().as_str() {
            "passed" => Outcome::Passed,
            "failed" => Outcome::Failed,
            "skipped" | "canceled" | "cancelled" | "pending" => Outcome::Skipped,
            // Broken, unknown, or not said: the test did not come to its end.
            _ => Outcome::Errored,
        };
        let suites = ["parentSuite", "suite", "subSuite"].map(|name| label(&value, name));
        let suites = suites.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" > ");
        let suite = text::line(&suites, limits::NAME).unwrap_or_default();
        let time = |name| value.get(name).number();
        let details = value.get("statusDetails");
        let found = Case {
            class: text::line(label(&value, "testClass"), limits::NAME),
            seconds: time("stop")
                .zip(time("start"))
                .and_then(|(stop, start)| Tree::Number(stop - start).seconds(1000.0)),
            message: details.get("message").message(),
            details: details.get("trace").details().filter(|_| outcome.is_bad()),
            // What a person marked as flaky is told from what was by `retries`.
            flaky: outcome == Outcome::Passed && details.get("flaky").is_true(),
            ..case(&suite, value.get("name").line().or_else(|| value.get("fullName").line()), outcome)
        };
        self.collector.add_timed(found);
    }

    fn skip(&self) -> &'static [&'static str] {
        &["steps", "attachments", "links", "description", "descriptionHtml"]
    }
}

fn label<'t>(result: &'t Tree, name: &str) -> &'t str {
    let labels = result.get("labels").items();
    labels.into_iter().find(|label| label.get("name").text() == name).map_or("", |label| label.get("value").text())
}
