//! A test point while the lines after it may still tell about it.

use super::line::Point;
use crate::limits;
use crate::model::Case;
use crate::parse::collector::case;
use crate::parse::excerpt::Excerpt;
use crate::parse::number;
use crate::text;

/// A test point whose diagnostics have not ended.
#[derive(Debug)]
pub(super) struct Open {
    point: Point,
    /// The YAML block after it, or the comments.
    pub(super) diagnostics: Excerpt,
    /// Failed points of the subtest before it.
    pub(super) inner: Excerpt,
    message: Option<String>,
    file: Option<String>,
    line: Option<u32>,
    seconds: Option<f64>,
}

impl Open {
    pub(super) fn new(point: Point, inner: Excerpt) -> Self {
        let seconds = point.seconds;
        Self { point, diagnostics: Excerpt::default(), inner, message: None, file: None, line: None, seconds }
    }

    /// Does the subtest come after the point?
    pub(super) fn buffers(&self) -> bool {
        self.point.buffers
    }

    /// Takes a line of a YAML block. Only plain members at its margin are
    /// understood, which is what tools write for what we look for.
    pub(super) fn yaml(&mut self, line: &str, margin: usize) {
        self.diagnostics.push(line.get(margin..).unwrap_or(line.trim_start()));
        self.diagnostics.push("\n");
        let indented = line.len() - line.trim_start().len();
        let Some((key, value)) = line.trim().split_once(':').filter(|_| indented == margin) else { return };
        let value = value.trim().trim_matches(['"', '\'']);
        match key {
            "message" | "error" | "reason" if !value.is_empty() && !value.starts_with(['|', '>']) => {
                self.message = self.message.take().or_else(|| text::first_line(value, limits::MESSAGE));
            }
            "file" => self.file = text::line(value, limits::NAME),
            "line" => self.line = number::count(value).filter(|line| *line > 0),
            "location" | "at" => self.locate(value),
            "duration_ms" => self.seconds = number::seconds(&format!("{value}ms")).0,
            _ => {}
        }
    }

    /// `file:line:column`.
    fn locate(&mut self, place: &str) {
        let mut parts = place.rsplitn(3, ':');
        let (_, line, file) = (parts.next(), parts.next(), parts.next());
        if let (Some(line), Some(file)) = (line.and_then(number::count), file) {
            (self.file, self.line) = (text::line(file, limits::NAME), Some(line).filter(|line| *line > 0));
        }
    }

    pub(super) fn finish(self) -> Case {
        let outcome = self.point.outcome;
        let mut found = case("", self.point.name, outcome);
        (found.seconds, found.file, found.line) = (self.seconds, self.file, self.line);
        if outcome.is_bad() {
            let (inner, diagnostics) = (self.inner.into_text(), self.diagnostics.into_text());
            let told = [inner.as_str(), diagnostics.as_str()].into_iter().find(|text| !text.trim().is_empty());
            let told = told.and_then(|text| text::first_line(text, limits::MESSAGE));
            found.message = self.message.or(self.point.reason).or(told);
            found.details = text::block(&(inner + &diagnostics), limits::DETAILS);
            found.details = found.details.filter(|details| Some(details) != found.message.as_ref());
        } else {
            found.message = self.point.reason;
        }
        found
    }
}
