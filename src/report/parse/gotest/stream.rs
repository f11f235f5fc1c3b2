//! Follows the events.

use std::collections::HashMap;
use std::io::BufRead;

use super::package::{Budget, Output, Package, Why};
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::parse::collector::{Collector, Slot, case, hash};
use crate::parse::error::ParseError;
use crate::parse::format::Format;
use crate::parse::json::Tree;
use crate::parse::lines::Lines;
use crate::text;

/// Packages, and tests of all packages, that are followed at the same time.
const OPEN: usize = 10_000;

/// Reads the stream to its end.
///
/// # Errors
/// There is no event in it, or it cannot be read.
pub(in crate::parse) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut lines = Lines::new(reader);
    let mut stream = Stream::new(limits);
    let mut events = false;
    while let Some(line) = lines.next().map_err(ParseError::Read)? {
        // What is no event is what something printed past the test tool.
        if let Some(event) = event(line) {
            events = true;
            stream.event(&event);
        }
    }
    let notes = lines.notes();
    match (events, notes.substance) {
        (true, _) => {}
        (false, true) => return Err(ParseError::NotThis { format: Format::GoTest }),
        (false, false) => return Err(ParseError::Empty),
    }
    stream.collector.warn_of(notes);
    Ok(stream.finish())
}

/// Is this line an event?
pub(in crate::parse) fn is_event(line: &str) -> bool {
    event(line).is_some()
}

fn event(line: &str) -> Option<Tree> {
    let at = line.find('{').filter(|at| *at == 0 || line.contains("\"Action\""))?;
    let event = Tree::parse(&line[at..], &[], &mut false)?;
    let action = event.get("Action").text();
    let known = ["start", "run", "pause", "cont", "pass", "bench", "fail", "output", "skip", "attr", "artifacts"];
    let build = action.starts_with("build-") && !event.get("ImportPath").text().is_empty();
    (build || known.contains(&action)).then_some(event)
}

struct Stream<'l> {
    collector: Collector<'l>,
    packages: HashMap<String, Package>,
    /// What the compiler said, by import path.
    builds: HashMap<String, Output>,
    budget: Budget,
    running: usize,
    /// Tests that failed in a run of their package that has ended.
    failed: HashMap<u64, (Slot, usize)>,
    /// Tests that failed in a run of their package that has not.
    failing: HashMap<String, Vec<(u64, Slot, usize)>>,
}

impl<'l> Stream<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            collector: Collector::new(limits),
            packages: HashMap::new(),
            builds: HashMap::new(),
            budget: Budget::default(),
            running: 0,
            failed: HashMap::new(),
            failing: HashMap::new(),
        }
    }

    fn event(&mut self, event: &Tree) {
        let action = event.get("Action").text();
        // What is longer than any name is cut before it is remembered.
        let name = |key| {
            let name = event.get(key).text();
            &name[..text::floor(name, limits::NAME)]
        };
        let (build, name, test) = (name("FailedBuild"), name("Package"), name("Test"));
        let outcome = match action {
            "build-output" => return self.build(event),
            "pass" | "bench" => Some(Outcome::Passed),
            "fail" => Some(Outcome::Failed),
            "skip" => Some(Outcome::Skipped),
            _ => None,
        };
        let seconds = event.get("Elapsed").seconds(1.0);
        match (outcome, test) {
            (Some(outcome), "") => self.end_package(name, outcome, seconds, build),
            (Some(outcome), test) => self.end_test(name, test, outcome, seconds),
            (None, test) => self.follow(name, test, action == "run", event.get("Output").text()),
        }
    }

    fn build(&mut self, event: &Tree) {
        let path = event.get("ImportPath").text();
        let path = &path[..text::floor(path, limits::NAME)];
        if self.builds.len() < OPEN || self.builds.contains_key(path) {
            let output = self.builds.entry(path.to_owned()).or_default();
            output.push(event.get("Output").text(), &mut self.budget);
        }
    }

    /// A test or package runs, or prints.
    fn follow(&mut self, name: &str, test: &str, begins: bool, printed: &str) {
        let Some(package) = package(&mut self.packages, name) else { return };
        if test.is_empty() {
            return package.output.push(printed, &mut self.budget);
        }
        if !package.running.contains_key(test) {
            if self.running >= OPEN {
                return;
            }
            self.running += 1;
        }
        let running = package.running.entry(test.to_owned()).or_default();
        running.begun |= begins;
        running.output.push(printed, &mut self.budget);
    }

    fn end_test(&mut self, name: &str, test: &str, outcome: Outcome, seconds: Option<f64>) {
        let mut printed = String::new();
        if let Some(package) = package(&mut self.packages, name) {
            package.failed |= outcome.is_bad();
            if let Some(running) = package.running.remove(test) {
                self.running -= 1;
                printed = running.output.finish(&mut self.budget);
            }
        }
        self.record(name, test, outcome, seconds, &printed);
    }

    fn record(&mut self, name: &str, test: &str, outcome: Outcome, seconds: Option<f64>, printed: &str) {
        let why = if outcome == Outcome::Passed { Why::default() } else { Why::of(printed) };
        let details = why.details.filter(|_| outcome.is_bad());
        let (message, file, line) = (why.message, why.file, why.line);
        let suite = text::line(name, limits::NAME).unwrap_or_default();
        let found =
            Case { seconds, message, details, file, line, ..case(&suite, text::line(test, limits::NAME), outcome) };
        let key = hash(&(name, test));
        // A further run of a package is what a tool does that tries failed tests again.
        if let Some((slot, place)) = self.failed.get(&key).copied() {
            let passed = outcome == Outcome::Passed;
            return self.collector.revise(slot, place, |case| {
                let before = case.message.take();
                *case = Case { message: found.message.or(before), flaky: passed, ..found };
            });
        }
        let slot = self.collector.named(&suite);
        let place = self.collector.record(slot, found);
        if let Some(place) = place.filter(|_| outcome.is_bad()) {
            self.failing.entry(name.to_owned()).or_default().push((key, slot, place));
        }
    }

    fn end_package(&mut self, name: &str, outcome: Outcome, seconds: Option<f64>, build: &str) {
        let package = self.packages.remove(name).unwrap_or_default();
        let failed = outcome.is_bad();
        let mut explained = package.failed;
        self.running -= package.running.len();
        for (test, running) in package.running {
            let printed = running.output.finish(&mut self.budget);
            // Output that came after the end of its test belongs to none.
            if !running.begun {
                continue;
            }
            // Of a subtest the end is lost at times; it is as its package says.
            explained |= failed;
            self.record(name, &test, if failed { Outcome::Failed } else { Outcome::Passed }, None, &printed);
        }
        let printed = package.output.finish(&mut self.budget);
        if failed && !explained {
            let built = self.builds.remove(build).map(|output| output.finish(&mut self.budget));
            self.fail_package(name, &(built.unwrap_or_default() + &printed));
        }
        let suite = text::line(name, limits::NAME).unwrap_or_default();
        if let Some(slot) = self.collector.find(&suite) {
            self.collector.add_seconds(slot, seconds.unwrap_or(0.0));
        }
        for (key, slot, place) in self.failing.remove(name).unwrap_or_default() {
            self.failed.insert(key, (slot, place));
        }
    }

    /// A package that failed without a test: it was not built, panicked, or its `TestMain` said no.
    fn fail_package(&mut self, name: &str, printed: &str) {
        self.collector.warn(WarningCode::SuiteFailure, format!("package {name:?} failed outside of its tests"));
        self.record(name, "(package)", Outcome::Errored, None, printed);
    }

    /// What has not ended by now never did.
    fn finish(mut self) -> TestReport {
        let mut packages: Vec<_> = std::mem::take(&mut self.packages).into_iter().collect();
        packages.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (name, package) in packages {
            for (test, running) in package.running.into_iter().filter(|(_, running)| running.begun) {
                self.collector.warn(WarningCode::Truncated, "the report ends while tests run");
                let printed = running.output.finish(&mut self.budget);
                self.record(&name, &test, Outcome::Errored, None, &printed);
            }
        }
        self.collector.finish()
    }
}

/// The package of this name, unless too many are open.
fn package<'p>(packages: &'p mut HashMap<String, Package>, name: &str) -> Option<&'p mut Package> {
    if packages.len() >= OPEN && !packages.contains_key(name) {
        return None;
    }
    Some(packages.entry(name.to_owned()).or_default())
}
