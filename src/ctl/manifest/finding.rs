//! One mistake, and how it is printed.

use assay_plan::{Diagnostic, Severity};

use crate::manifest::places::Spot;
use crate::output::github::{self, Level};
use crate::output::terminal::plain;

/// Something that is wrong, or looks so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether the manifest cannot be used.
    pub(crate) is_error: bool,
    /// Place in the text, where it is known.
    pub(crate) spot: Option<Spot>,
    /// Path of the field; empty for the document itself.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) hint: String,
}

impl Finding {
    /// An error.
    pub(crate) fn error(spot: Option<Spot>, path: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { is_error: true, spot, path: path.to_owned(), message: message.into(), hint: hint.into() }
    }

    /// A finding of the plan.
    pub(crate) fn from_plan(diagnostic: Diagnostic, spot: Option<Spot>) -> Self {
        Self {
            is_error: diagnostic.severity == Severity::Error,
            spot,
            path: diagnostic.path,
            message: diagnostic.message,
            hint: diagnostic.hint,
        }
    }

    /// A warning.
    pub(crate) fn warning(spot: Option<Spot>, path: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { is_error: false, ..Self::error(spot, path, message, hint) }
    }

    /// `file:line:column: path: message; hint`, on one line.
    pub(crate) fn line_of(&self, label: &str) -> String {
        let mut out = label.to_owned();
        if let Some(Spot { line, column }) = self.spot {
            out.push_str(&format!(":{line}:{column}"));
        }
        out.push_str(if self.is_error { ": " } else { ": warning: " });
        if !self.path.is_empty() {
            out.push_str(&format!("{}: ", self.path));
        }
        out.push_str(&self.said());
        plain(&out)
    }

    fn said(&self) -> String {
        let gap = if self.hint.is_empty() { "" } else { "; " };
        format!("{}{gap}{}", self.message, self.hint)
    }

    /// As an annotation for GitHub's runners.
    pub(crate) fn annotation(&self, label: &str) -> String {
        let level = if self.is_error { Level::Error } else { Level::Warning };
        let (line, column) = (self.spot.map(|spot| spot.line), self.spot.map(|spot| spot.column));
        let spot = github::Spot { file: Some(label), line, column };
        github::annotation(level, spot, &plain(&self.path), &plain(&self.said()))
    }

    /// As a JSON object.
    pub(crate) fn object(&self, label: &str) -> serde_json::Value {
        serde_json::json!({
            "severity": if self.is_error { "error" } else { "warning" },
            "file": label,
            "line": self.spot.map(|spot| spot.line),
            "column": self.spot.map(|spot| spot.column),
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
        })
    }
}
