//! What is wrong with a workflow, where, and what would be right.

use std::fmt;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The workflow cannot run.
    Error,
    /// It runs, but probably not as meant.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Where, for example `spec.steps[2].run.image`.
    pub path: String,
    /// What is wrong, with the value.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "; {}", self.hint) }
    }
}

/// Whether any of the findings is an error.
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
}

/// Findings as they are collected.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) list: Vec<Diagnostic>,
    open: bool,
    partial: bool,
}

impl Findings {
    /// Findings that go on from those of a resolution. When no execution is at
    /// hand, or an expression is wrong, texts may still hold expressions. When
    /// the workflow is `partial`, what is missing in it may stand elsewhere.
    pub(crate) fn resumed(list: Vec<Diagnostic>, has_values: bool, partial: bool) -> Self {
        let open = !has_values || has_errors(&list);
        Self { list, open, partial }
    }

    /// Whether parts of the workflow are not at hand, because they stand in
    /// templates or in what uses this one. Nothing is said to be missing then.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
    }

    /// Whether the text may hold an expression whose value is not known. It is
    /// not judged then; what is wrong with the expression has been said already.
    pub(crate) fn is_open(&self, text: &str) -> bool {
        self.open && text.contains("{{")
    }

    /// Adds an error.
    pub(crate) fn error(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Error, path.into(), message.into(), hint.into());
    }

    /// Adds a warning.
    pub(crate) fn warning(&mut self, path: impl Into<String>, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Severity::Warning, path.into(), message.into(), hint.into());
    }

    fn add(&mut self, severity: Severity, path: String, message: String, hint: String) {
        self.list.push(Diagnostic { severity, path, message, hint });
    }
}
