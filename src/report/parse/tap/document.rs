//! Follows the lines of a TAP document.

use std::io::BufRead;

use super::line::{Line, Point, line};
use super::plan::{Numbers, Plan};
use super::point::Open;
use crate::limits::{self, Limits};
use crate::model::{Case, TestReport, WarningCode};
use crate::outcome::Outcome;
use crate::parse::collector::{Collector, case};
use crate::parse::error::ParseError;
use crate::parse::excerpt::Excerpt;
use crate::parse::format::Format;
use crate::parse::lines::Lines;
use crate::text;

/// Reads TAP. A subtest is told by its own test point; what failed in it is
/// that point's message.
///
/// # Errors
/// There is nothing of TAP in it, or it cannot be read.
pub(in crate::parse) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut lines = Lines::new(reader);
    let mut document = Document::new(limits);
    while let Some(line) = lines.next().map_err(ParseError::Read)? {
        document.line(line);
    }
    let notes = lines.notes();
    match (document.substance, notes.substance) {
        (true, _) => {}
        (false, true) => return Err(ParseError::NotThis { format: Format::Tap }),
        (false, false) => return Err(ParseError::Empty),
    }
    document.collector.warn_of(notes);
    Ok(document.finish())
}

struct Document<'l> {
    collector: Collector<'l>,
    open: Option<Open>,
    /// The margin of the YAML block that is open.
    yaml: Option<usize>,
    /// Failed points of the subtest that is open.
    inner: Excerpt,
    planned: Option<Plan>,
    skip_all: bool,
    numbers: Numbers,
    bailed: bool,
    /// There was a line that only TAP has.
    substance: bool,
}

impl<'l> Document<'l> {
    fn new(limits: &'l Limits) -> Self {
        Self {
            collector: Collector::new(limits),
            open: None,
            yaml: None,
            inner: Excerpt::default(),
            planned: None,
            skip_all: false,
            numbers: Numbers::default(),
            bailed: false,
            substance: false,
        }
    }

    fn line(&mut self, raw: &str) {
        let trimmed = raw.trim_start();
        let indented = raw.len() - trimmed.len();
        if let Some(margin) = self.yaml {
            // A block without an end ends where a test point stands at the margin.
            let over = indented == 0 && matches!(line(raw), Line::Point(_) | Line::Plan(_) | Line::BailOut(_));
            if !over {
                return self.block(raw, trimmed, margin);
            }
            self.yaml = None;
        }
        match line(trimmed) {
            Line::BailOut(reason) => self.bail_out(&reason),
            Line::Point(point) if indented > 0 => self.inside(&point),
            _ if trimmed.starts_with("---") && indented > 0 && self.open.is_some() => self.yaml = Some(indented),
            _ if indented > 0 => {}
            Line::Point(point) => self.point(point),
            Line::Plan(plan) => self.plan(plan),
            Line::Version => self.substance = true,
            Line::Other => self.comment(trimmed),
        }
    }

    fn block(&mut self, raw: &str, trimmed: &str, margin: usize) {
        if trimmed.starts_with("...") {
            self.yaml = None;
        } else if let Some(open) = &mut self.open {
            open.yaml(raw, margin);
        }
    }

    fn comment(&mut self, trimmed: &str) {
        if let (Some(open), Some(comment)) = (&mut self.open, trimmed.strip_prefix('#')) {
            open.diagnostics.push(comment.trim());
            open.diagnostics.push("\n");
        }
    }

    fn plan(&mut self, plan: Option<(u64, u64)>) {
        self.substance = true;
        if self.planned.is_none() {
            self.planned = Some(plan);
            self.skip_all = plan.is_none() && self.numbers.points == 0;
        }
    }

    fn point(&mut self, point: Point) {
        self.close();
        self.substance = true;
        // Where all is skipped nothing counts, whatever still runs.
        if !self.skip_all {
            self.numbers.count(point.number);
            self.open = Some(Open::new(point, std::mem::take(&mut self.inner)));
        }
    }

    /// A point of a subtest, which comes before the subtest's own point unless that opened a brace.
    fn inside(&mut self, point: &Point) {
        if point.outcome.is_bad() {
            let inner = match &mut self.open {
                Some(open) if open.buffers() => &mut open.inner,
                _ => &mut self.inner,
            };
            inner.push(point.name.as_deref().unwrap_or("(no name)"));
            inner.push(" failed\n");
        }
    }

    fn bail_out(&mut self, reason: &str) {
        self.close();
        self.substance = true;
        if !self.bailed {
            self.bailed = true;
            let message =
                text::first_line(reason, limits::MESSAGE).or_else(|| Some("all tests were given up".to_owned()));
            self.collector.add(Case { message, ..case("", Some("Bail out!".to_owned()), Outcome::Errored) });
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.collector.add_timed(open.finish());
        }
    }

    /// Compares with the plan: a test that died says nothing else.
    fn finish(mut self) -> TestReport {
        self.close();
        let message = match self.planned {
            _ if self.bailed || self.skip_all => None,
            None => Some("there is no plan: the test may have died".to_owned()),
            Some(plan) => self.numbers.complaint(plan),
        };
        if let Some(message) = message {
            self.collector.warn(WarningCode::CountsDisagree, message.clone());
            self.collector
                .add(Case { message: Some(message), ..case("", Some("(plan)".to_owned()), Outcome::Errored) });
        }
        self.collector.finish()
    }
}
