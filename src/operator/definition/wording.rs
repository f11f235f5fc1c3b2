//! Diagnostics as a status says them.

use assay_plan::{Diagnostic, Severity};

/// Errors and warnings apart, one line each.
pub(crate) fn lines(diagnostics: &[Diagnostic]) -> (Vec<String>, Vec<String>) {
    let (errors, warnings): (Vec<_>, Vec<_>) =
        diagnostics.iter().partition(|diagnostic| diagnostic.severity == Severity::Error);
    let text = |list: Vec<&Diagnostic>| list.into_iter().map(ToString::to_string).collect();
    (text(errors), text(warnings))
}
