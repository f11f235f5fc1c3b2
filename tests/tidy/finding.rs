//! What a check found: a place, what is wrong there, and the way out.

use std::fmt;

/// One breach of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// File relative to the workspace, with its line where there is one.
    pub place: String,
    /// What is wrong, and what to do about it.
    pub words: String,
}

impl Finding {
    /// A finding about a whole file or package.
    pub fn new(place: impl Into<String>, words: impl Into<String>) -> Self {
        Self { place: place.into(), words: words.into() }
    }

    /// A finding at a line.
    pub fn at(file: &str, line: usize, words: impl Into<String>) -> Self {
        Self::new(format!("{file}:{line}"), words)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.words)
    }
}

/// Ends a test: silent without findings.
///
/// # Panics
/// With all findings, one a line, when there are any.
pub fn settle(rule: &str, mut findings: Vec<Finding>) {
    findings.sort();
    findings.dedup();
    let list: Vec<String> = findings.iter().map(|finding| format!("  {finding}")).collect();
    assert!(findings.is_empty(), "{rule} ({} findings)\n{}\n", list.len(), list.join("\n"));
}
