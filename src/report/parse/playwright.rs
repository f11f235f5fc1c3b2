//! The JSON reporter of Playwright: files, suites in them, specs, and each of
//! them as a test per project with a result per try.

use std::io::BufRead;

use super::collector::{Collector, Slot, case};
use super::error::ParseError;
use super::json::{Shape, Tree, is, read as read_json};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::text;

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut run = Run { collector: Collector::new(limits), titles: Vec::new(), file: None };
    read_json(reader, &mut run)?;
    Ok(run.collector.finish())
}

struct Run<'l> {
    collector: Collector<'l>,
    /// The open suites: the first is that of the file, each further one has its
    /// title after those around it.
    titles: Vec<String>,
    /// The suite of the file that is open.
    file: Option<Slot>,
}

/// How many suites are around the value at this path, if it is one or in one directly.
fn depth(path: &[String]) -> usize {
    path.chunks(2).take_while(|pair| is(pair, &["suites", "*"])).count()
}

impl<'l> Shape<'l> for Run<'l> {
    fn collector(&mut self) -> &mut Collector<'l> {
        &mut self.collector
    }

    fn wants(&self, path: &[String]) -> bool {
        // Most values are none of these; to look at the whole path takes longer.
        if !path.last().is_some_and(|last| last == "title" || last == "*") {
            return false;
        }
        let inside = &path[2 * depth(path)..];
        let suite = path.len() > inside.len();
        (suite && (is(inside, &["title"]) || is(inside, &["specs", "*"]))) || is(path, &["errors", "*"])
    }

    fn take(&mut self, path: &[String], value: Tree) {
        match path.last().map(String::as_str) {
            Some("title") => {
                let (title, depth) = (value.line().unwrap_or_default(), self.titles.len());
                let joined = match depth.checked_sub(2).and_then(|outer| self.titles.get(outer)) {
                    Some(outer) if depth > 2 => join(outer, &title),
                    _ => title,
                };
                if let Some(last) = self.titles.last_mut() {
                    *last = joined;
                }
            }
            _ if path.len() == 2 => self.error(&value),
            _ => self.spec(&value),
        }
    }

    fn open(&mut self, path: &[String]) {
        if !path.is_empty() && path.len() == 2 * depth(path) {
            self.titles.push(String::new());
        }
    }

    fn close(&mut self, path: &[String]) {
        if path.is_empty() || path.len() != 2 * depth(path) {
            return;
        }
        let title = self.titles.pop().unwrap_or_default();
        if self.titles.is_empty() {
            // The title may have come after the specs.
            if let Some(slot) = self.file.take().filter(|_| !title.is_empty()) {
                self.collector.rename(slot, &title);
            }
        }
    }

    fn skip(&self) -> &'static [&'static str] {
        &["attachments", "stdout", "stderr", "steps", "annotations"]
    }
}

impl Run<'_> {
    fn spec(&mut self, spec: &Tree) {
        let suite = self.titles.first().cloned().unwrap_or_default();
        let slot = *self.file.get_or_insert_with(|| self.collector.open(&suite));
        let outer = self.titles.get(1..).and_then(<[String]>::last).map_or("", String::as_str);
        let name = join(outer, spec.get("title").text());
        for test in spec.get("tests").items() {
            let results = test.get("results").items();
            let all: f64 = results.iter().filter_map(|result| result.get("duration").seconds(1000.0)).sum();
            let (outcome, flaky) = outcome(test, &results);
            // The last try says how it failed, and of a flaky one the last that failed.
            let told = results.iter().rev().find(|result| !error(result).is_null());
            let mut found = Case {
                class: test.get("projectName").line(),
                file: spec.get("file").line(),
                line: spec.get("line").count().filter(|line| *line > 0),
                seconds: results.last().and_then(|result| result.get("duration").seconds(1000.0)),
                flaky,
                ..case(&suite, Some(name.clone()).filter(|name| !name.is_empty()), outcome)
            };
            if let Some(told) = told.filter(|_| outcome.is_bad() || flaky) {
                (found.message, found.details) = why(told);
            }
            if outcome == Outcome::Failed && found.message.is_none() {
                let last = results.last().map_or("", |result| result.get("status").text());
                found.message = text::line(&format!("{last} instead of {}", expected(test)), limits::MESSAGE);
            }
            self.collector.add_seconds(slot, all);
            self.collector.record(slot, found);
        }
    }

    /// What went wrong outside of all tests.
    fn error(&mut self, error: &Tree) {
        self.collector.warn(WarningCode::SuiteFailure, "the run failed outside of its tests");
        let (message, details) = (error.get("message").message(), error.get("stack").details());
        let file = error.get("location").get("file").line();
        let line = error.get("location").get("line").count().filter(|line| *line > 0);
        let found = case("", Some("(run)".to_owned()), Outcome::Errored);
        self.collector.add(Case { message, details, file, line, ..found });
    }
}

/// A title after those around it, as far as it is kept.
fn join(outer: &str, title: &str) -> String {
    let joined = if outer.is_empty() { title.to_owned() } else { format!("{outer} › {title}") };
    text::line(&joined, limits::NAME).unwrap_or_default()
}

fn expected(test: &Tree) -> &str {
    Some(test.get("expectedStatus").text()).filter(|status| !status.is_empty()).unwrap_or("passed")
}

/// As stated, or else by the results: what it came to, and whether only at a further try.
fn outcome(test: &Tree, results: &[&Tree]) -> (Outcome, bool) {
    let status = |result: &&Tree| result.get("status").text() == expected(test);
    let last = results.last().map_or("", |result| result.get("status").text());
    let bad = if last == "interrupted" { Outcome::Errored } else { Outcome::Failed };
    match test.get("status").text() {
        "skipped" => (Outcome::Skipped, false),
        "expected" => (Outcome::Passed, false),
        "flaky" => (Outcome::Passed, true),
        "unexpected" => (bad, false),
        _ if results.is_empty() || last == "skipped" => (Outcome::Skipped, false),
        _ if results.last().is_some_and(status) => (Outcome::Passed, !results.iter().all(status)),
        _ => (bad, false),
    }
}

fn error(result: &Tree) -> &Tree {
    let first = result.get("errors").items().first().copied();
    first.filter(|_| result.get("error").is_null()).unwrap_or_else(|| result.get("error"))
}

fn why(result: &Tree) -> (Option<String>, Option<String>) {
    let error = error(result);
    let message = error.get("message").message().or_else(|| error.get("value").message());
    let errors = result.get("errors").items();
    let all = errors.iter().map(|error| {
        let stack = error.get("stack").text();
        if stack.is_empty() { error.get("message").text() } else { stack }
    });
    let all = all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
    let details = if all.len() > error.get("stack").text().len() { text::block(&all, limits::DETAILS) } else { None };
    (message, details.or_else(|| error.get("stack").details()))
}
