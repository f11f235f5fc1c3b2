//! The names that each kind of text may use.

use std::collections::BTreeSet;

use assay_expr::Scope;

/// What a condition asks of the steps before it, and of the execution.
const OF_CONDITIONS: [&str; 6] = ["passed", "failed", "always", "never", "cancelled", "timedOut"];
/// What `until` asks of the attempt that just ended.
const OF_UNTIL: [&str; 7] = [
    "self.passed",
    "self.failed",
    "self.status",
    "self.exitCode",
    "self.attempt",
    "self.tests.failed",
    "self.tests.total",
];

/// The names of a workflow or template.
pub(crate) struct Scopes {
    pub(super) text: Scope,
    pub(super) condition: Scope,
    pub(super) until: Scope,
    /// Names whose values may hold anything, also what a shell obeys.
    pub(super) free_text: BTreeSet<String>,
}

impl Scopes {
    /// The scopes around the names that every text may use.
    pub(crate) fn new(text: Scope, mut free_text: BTreeSet<String>) -> Self {
        let mut condition = text.clone();
        OF_CONDITIONS.into_iter().for_each(|name| condition.declare(name));
        let mut until = condition.clone();
        OF_UNTIL.into_iter().for_each(|name| until.declare(name));
        free_text.insert("execution.revision".to_owned());
        Self { text, condition, until, free_text }
    }
}
