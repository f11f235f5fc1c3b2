//! Cucumber messages, one a line: what is tested, which cases that makes, and
//! how each step of each try ended.

use std::collections::HashMap;
use std::io::BufRead;

use super::collector::{Collector, case, hash};
use super::error::ParseError;
use super::format::Format;
use super::json::Tree;
use super::lines::Lines;
use crate::limits::Limits;
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;

/// Features, scenarios and cases that are remembered.
const KNOWN: usize = 100_000;
/// Tries that are followed at the same time.
const TRIES: usize = 1000;
/// The kinds of messages that tell the format.
const KINDS: [&str; 8] = [
    "meta",
    "source",
    "gherkinDocument",
    "pickle",
    "testRunStarted",
    "testCaseStarted",
    "testStepFinished",
    "testRunFinished",
];

pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut lines = Lines::new(reader);
    let mut run = Run::new(limits);
    let mut any = false;
    while let Some(line) = lines.next().map_err(ParseError::Read)? {
        let (message, blank) = (message(line), line.trim().is_empty());
        match message {
            Some(message) => any |= run.message(&message),
            // Of a line that was cut it is told at the end.
            None if blank || lines.cut => {}
            None => run.collector.warn(WarningCode::Malformed, "a line is no message"),
        }
    }
    let notes = lines.notes();
    match (any, notes.substance) {
        (true, _) => {}
        (false, true) => return Err(ParseError::NotThis { format: Format::Cucumber }),
        (false, false) => return Err(ParseError::Empty),
    }
    run.collector.warn_of(notes);
    Ok(run.finish())
}

/// Is this line a message?
pub(super) fn is_message(line: &str) -> bool {
    let known = |kind: &str| KINDS.contains(&kind);
    message(line).is_some_and(|message| matches!(message.members(), [(kind, Tree::Map(_))] if known(kind)))
}

/// Without sources and attachments, which are long and not of interest.
fn message(line: &str) -> Option<Tree> {
    Tree::parse(line, &["children", "comments", "steps", "data", "body"], &mut false)
}

/// A try that has not ended.
#[derive(Debug, Default)]
struct Try {
    scenario: u64,
    attempt: u32,
    worst: Option<Outcome>,
    message: Option<String>,
    details: Option<String>,
    seconds: f64,
    steps: bool,
}

#[derive(Clone, Debug, Default)]
struct Scenario {
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

struct Run<'l> {
    collector: Collector<'l>,
    /// Names of features by file.
    features: HashMap<u64, String>,
    scenarios: HashMap<u64, Scenario>,
    /// The scenario of each case.
    cases: HashMap<u64, u64>,
    tries: HashMap<u64, Try>,
    finished: bool,
    /// Bytes of names that may still be remembered.
    room: usize,
}

impl<'l> Run<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            collector: Collector::new(limits),
            features: HashMap::new(),
            scenarios: HashMap::new(),
            cases: HashMap::new(),
            tries: HashMap::new(),
            finished: false,
            room: limits.text,
        }
    }

    /// Takes a message; false if it is of no kind that is known.
    fn message(&mut self, message: &Tree) -> bool {
        let [(kind, body)] = message.members() else { return false };
        match kind.as_str() {
            "gherkinDocument" => {
                let name = body.get("feature").get("name").line().unwrap_or_default();
                if self.fits(name.len()) {
                    insert(&mut self.features, body.get("uri"), name);
                }
            }
            "pickle" => self.pickle(body),
            "testCase" => {
                insert(&mut self.cases, body.get("id"), hash(&body.get("pickleId").text()));
            }
            "testCaseStarted" => {
                let scenario = self.cases.get(&hash(&body.get("testCaseId").text())).copied().unwrap_or_default();
                let attempt = body.get("attempt").count().unwrap_or(0);
                if self.tries.len() < TRIES {
                    insert(&mut self.tries, body.get("id"), Try { scenario, attempt, ..Try::default() });
                } else {
                    self.collector.warn(WarningCode::LimitReached, "more cases run at once than can be followed");
                }
            }
            "testStepFinished" => self.step(body),
            "testCaseFinished" => self.end_case(body),
            "testRunFinished" => self.end_run(body),
            "testRunHookFinished" => self.hook(body.get("result")),
            "parseError" => {
                self.collector.warn(WarningCode::SuiteFailure, "a feature could not be read");
                let found = case("", body.get("source").get("uri").line(), Outcome::Errored);
                self.collector.add(Case { message: body.get("message").message(), ..found });
            }
            kind => return KINDS.contains(&kind),
        }
        true
    }

    fn pickle(&mut self, body: &Tree) {
        let line = body.get("location").get("line").count().filter(|line| *line > 0);
        let scenario = Scenario { name: body.get("name").line(), file: body.get("uri").line(), line };
        if self.fits([&scenario.name, &scenario.file].into_iter().flatten().map(String::len).sum()) {
            insert(&mut self.scenarios, body.get("id"), scenario);
        }
    }

    fn fits(&mut self, length: usize) -> bool {
        let fits = length <= self.room;
        self.room -= length.min(self.room);
        fits
    }

    fn step(&mut self, body: &Tree) {
        let Some(open) = self.tries.get_mut(&hash(&body.get("testCaseStartedId").text())) else { return };
        let result = body.get("testStepResult");
        let outcome = outcome(result.get("status").text());
        open.steps = true;
        open.seconds += duration(result.get("duration"));
        if rank(Some(outcome)) > rank(open.worst) {
            open.worst = Some(outcome);
            let status = result.get("status").text().to_ascii_lowercase();
            let exception = result.get("exception");
            let message = exception.get("message").message().or_else(|| result.get("message").message());
            open.message = message.or_else(|| outcome.is_bad().then(|| format!("a step is {status}")));
            open.details = result.get("message").details().filter(|details| Some(details) != open.message.as_ref());
        }
    }

    fn end_case(&mut self, body: &Tree) {
        let Some(ended) = self.tries.remove(&hash(&body.get("testCaseStartedId").text())) else { return };
        if !body.get("willBeRetried").is_true() {
            self.record(ended);
        }
    }

    fn record(&mut self, ended: Try) {
        let scenario = self.scenarios.get(&ended.scenario).cloned().unwrap_or_default();
        let feature = scenario.file.as_ref().and_then(|file| self.features.get(&hash(&file.as_str())));
        let suite = feature.or(scenario.file.as_ref()).cloned().unwrap_or_default();
        let outcome = ended.worst.unwrap_or(Outcome::Passed);
        let found = Case {
            file: scenario.file,
            line: scenario.line,
            seconds: ended.steps.then_some(ended.seconds),
            message: ended.message,
            details: ended.details.filter(|_| outcome.is_bad()),
            flaky: ended.attempt > 0 && outcome == Outcome::Passed,
            ..case(&suite, scenario.name, outcome)
        };
        self.collector.add_timed(found);
    }

    /// A hook around the whole run.
    fn hook(&mut self, result: &Tree) {
        if outcome(result.get("status").text()).is_bad() {
            self.collector.warn(WarningCode::SuiteFailure, "a hook of the run failed");
            let found = case("", Some("(hook)".to_owned()), Outcome::Errored);
            self.collector.add(Case { message: result.get("message").message(), ..found });
        }
    }

    fn end_run(&mut self, body: &Tree) {
        self.finished = true;
        if *body.get("success") == Tree::Bool(false) && self.collector.bad() == 0 {
            self.collector.warn(WarningCode::SuiteFailure, "the run failed, although no case did");
            let message = body.get("message").message().or_else(|| Some("the run failed as a whole".to_owned()));
            self.collector.add(Case { message, ..case("", Some("(run)".to_owned()), Outcome::Errored) });
        }
    }

    /// A try that did not end did not pass.
    fn finish(mut self) -> TestReport {
        if !self.finished {
            self.collector.warn(WarningCode::Truncated, "the report ends before the run does");
        }
        let mut open: Vec<_> = std::mem::take(&mut self.tries).into_values().collect();
        open.sort_by_key(|open| open.scenario);
        for mut left in open {
            left.worst = Some(Outcome::Errored);
            left.message = left.message.or_else(|| Some("it did not end".to_owned()));
            self.record(left);
        }
        self.collector.finish()
    }
}

/// Remembers a value by its id, as long as there is room.
fn insert<V>(map: &mut HashMap<u64, V>, id: &Tree, value: V) {
    if map.len() < KNOWN {
        map.insert(hash(&id.text()), value);
    }
}

fn outcome(status: &str) -> Outcome {
    match status {
        "PASSED" => Outcome::Passed,
        "SKIPPED" => Outcome::Skipped,
        // Steps that nobody wrote yet fail a run, as every Cucumber has it by default.
        "FAILED" | "UNDEFINED" | "AMBIGUOUS" | "PENDING" => Outcome::Failed,
        _ => Outcome::Errored,
    }
}

fn rank(outcome: Option<Outcome>) -> u8 {
    match outcome {
        None => 0,
        Some(Outcome::Passed) => 1,
        Some(Outcome::Skipped) => 2,
        Some(Outcome::Errored) => 3,
        Some(Outcome::Failed) => 4,
    }
}

fn duration(duration: &Tree) -> f64 {
    duration.get("seconds").seconds(1.0).unwrap_or(0.0) + duration.get("nanos").seconds(1e9).unwrap_or(0.0)
}
