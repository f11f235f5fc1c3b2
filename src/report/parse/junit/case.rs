//! One case while its element is read.

use quick_xml::events::BytesStart;

use super::tag::Kind;
use crate::model::Case;
use crate::outcome::Outcome;
use crate::parse::excerpt::Excerpt;
use crate::parse::number;
use crate::parse::xml::attributes;
use crate::{limits, text};

/// A failure, error or skip while its element is read.
#[derive(Debug)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    message: Option<String>,
    reason: Option<String>,
    pub(super) text: Excerpt,
}

impl Finding {
    pub(super) fn begin(kind: Kind, element: &BytesStart<'_>) -> Self {
        let message = attributes::get(element, &["message"]);
        let message = message.and_then(|message| text::lines(&message, limits::MESSAGE));
        let reason = attributes::line(element, &["type"]);
        Self { kind, message, reason, text: Excerpt::default() }
    }

    /// Message and details.
    fn finish(self) -> (Option<String>, Option<String>) {
        let raw = self.text.into_text();
        let message = self.message.or_else(|| text::first_line(&raw, limits::MESSAGE)).or(self.reason);
        let details = text::block(&raw, limits::DETAILS).filter(|details| Some(details) != message.as_ref());
        (message, details)
    }
}

/// What is known of a case so far.
#[derive(Debug, Default)]
pub(super) struct Draft {
    class: Option<String>,
    name: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    seconds: Option<f64>,
    pub(super) odd_time: bool,
    /// What the attributes say came of it.
    stated: Option<Outcome>,
    outcome: Option<Outcome>,
    message: Option<String>,
    details: Option<String>,
    findings: u32,
    retried: bool,
    pub(super) settled: bool,
}

impl Draft {
    pub(super) fn begin(element: &BytesStart<'_>) -> Self {
        let time = attributes::get(element, &["time", "duration"]).unwrap_or_default();
        let (seconds, odd_time) = number::seconds(&time);
        let line = attributes::get(element, &["line", "lineno"]);
        Self {
            class: attributes::line(element, &["classname", "class"]),
            name: attributes::line(element, &["name"]),
            file: attributes::line(element, &["file", "filepath", "filename"]),
            line: line.and_then(|line| number::count(&line)).filter(|line| *line > 0),
            seconds,
            odd_time,
            stated: stated(element),
            ..Self::default()
        }
    }

    /// A case made of a failure that stands directly in a suite.
    pub(super) fn of_suite(class: Option<String>) -> Self {
        Self { class, name: Some("(suite)".to_owned()), ..Self::default() }
    }

    pub(super) fn has_name(&self) -> bool {
        self.name.is_some()
    }

    /// Takes a finding. The worst one gives outcome and message, the details
    /// of all are put one after another.
    pub(super) fn add(&mut self, finding: Finding) {
        self.settled = true;
        let outcome = match finding.kind {
            Kind::Failure | Kind::Rerun { error: false } => Some(Outcome::Failed),
            Kind::Error | Kind::Rerun { error: true } => Some(Outcome::Errored),
            Kind::Skipped => Some(Outcome::Skipped),
            Kind::Flaky => None,
        };
        self.retried |= outcome.is_none();
        // Further tries of a case that failed do not change how it failed.
        let again = matches!(finding.kind, Kind::Rerun { .. }) && self.outcome.is_some_and(Outcome::is_bad);
        let (message, details) = finding.finish();
        if !again && rank(outcome) > rank(self.outcome) {
            self.outcome = outcome;
            self.message = message;
            self.findings = 1;
        } else {
            self.message = self.message.take().or(message);
            self.findings += u32::from(!again && outcome.is_some_and(Outcome::is_bad));
        }
        self.append(details);
    }

    fn append(&mut self, details: Option<String>) {
        self.details = match (self.details.take(), details) {
            (Some(mut all), Some(more)) if all.len() < limits::DETAILS => {
                all.push_str("\n\n");
                all.push_str(&more);
                text::block(&all, limits::DETAILS)
            }
            (all, more) => all.or(more),
        };
    }

    /// The finished case. `file` is that of the suite.
    pub(super) fn finish(self, suite: &str, file: Option<&String>) -> Case {
        let outcome = self.outcome.or(self.stated).unwrap_or(Outcome::Passed);
        let message = match self.message {
            Some(message) if self.findings > 1 => {
                Some(text::with_suffix(message, &format!(" (and {} more)", self.findings - 1), limits::MESSAGE))
            }
            message => message,
        };
        Case {
            suite: suite.to_owned(),
            class: self.class,
            name: self.name.unwrap_or_else(|| "(no name)".to_owned()),
            file: self.file.or_else(|| file.cloned()),
            line: self.line,
            seconds: self.seconds,
            outcome,
            message,
            details: self.details.filter(|_| outcome != Outcome::Skipped),
            flaky: self.retried && outcome == Outcome::Passed,
        }
    }
}

fn rank(outcome: Option<Outcome>) -> u8 {
    match outcome {
        None => 0,
        Some(Outcome::Passed) => 1,
        Some(Outcome::Skipped) => 2,
        Some(Outcome::Failed) => 3,
        Some(Outcome::Errored) => 4,
    }
}

/// GoogleTest and its like say by attribute that a test did not run; a few
/// writers say so of a failure. Silence and success are the same here.
fn stated(element: &BytesStart<'_>) -> Option<Outcome> {
    let says = |name| attributes::line(element, &[name]).and_then(|value| word(&value));
    says("result").or_else(|| says("status"))
}

fn word(value: &str) -> Option<Outcome> {
    match value.to_ascii_lowercase().as_str() {
        "notrun" | "not_run" | "disabled" | "skipped" | "skip" | "suppressed" | "ignored" | "pending" => {
            Some(Outcome::Skipped)
        }
        "failed" | "fail" | "failure" => Some(Outcome::Failed),
        "error" | "errored" | "broken" => Some(Outcome::Errored),
        _ => None,
    }
}
