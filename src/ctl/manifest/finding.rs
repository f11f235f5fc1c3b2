//! One mistake, and how it is printed.

use assay_plan::{Diagnostic, Severity};

use crate::terminal::plain;

/// Something that is wrong, or looks so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Whether the manifest cannot be used.
    pub(crate) is_error: bool,
    /// Line in the text, from 1, where it is known.
    pub(crate) line: Option<usize>,
    /// Path of the field; empty for the document itself.
    pub(crate) path: String,
    /// What is wrong.
    pub(crate) message: String,
    /// What would be right.
    pub(crate) hint: String,
}

impl Finding {
    /// An error.
    pub(crate) fn error(line: Option<usize>, path: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { is_error: true, line, path: path.to_owned(), message: message.into(), hint: hint.into() }
    }

    /// A finding of the plan.
    pub(crate) fn from_plan(diagnostic: Diagnostic, line: Option<usize>) -> Self {
        Self {
            is_error: diagnostic.severity == Severity::Error,
            line,
            path: diagnostic.path,
            message: diagnostic.message,
            hint: diagnostic.hint,
        }
    }

    /// `file:line: path: message; hint`, on one line.
    pub(crate) fn line_of(&self, label: &str) -> String {
        let mut out = label.to_owned();
        if let Some(line) = self.line {
            out.push_str(&format!(":{line}"));
        }
        out.push_str(if self.is_error { ": " } else { ": warning: " });
        if !self.path.is_empty() {
            out.push_str(&format!("{}: ", self.path));
        }
        out.push_str(&self.message);
        if !self.hint.is_empty() {
            out.push_str(&format!("; {}", self.hint));
        }
        plain(&out)
    }
}
