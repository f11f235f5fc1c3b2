//! How much the expressions of a workflow may cost in all. Each by itself is
//! bounded by the language; a workflow can hold very many, and can repeat a
//! large value in each of them.

use crate::diagnostic::Findings;

/// Texts with expressions, those of its templates counted with every use.
const MOST_TEXTS: usize = 5000;
/// Bytes of their results. A plan holds less.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// What is left for a workflow and its templates.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    texts: usize,
    bytes: usize,
    spent: bool,
}

impl Budget {
    /// Whether nothing more may be resolved.
    pub(super) fn is_spent(&self) -> bool {
        self.spent
    }

    /// Whether one more text may be resolved.
    pub(super) fn allows_text(&mut self, path: &str, findings: &mut Findings) -> bool {
        self.texts += 1;
        if self.texts > MOST_TEXTS {
            let message = format!("more than {MOST_TEXTS} texts of the workflow hold expressions");
            self.refuse(path, message, "make several workflows", findings);
        }
        !self.spent
    }

    /// Whether its result may be kept.
    pub(super) fn allows_result(&mut self, path: &str, bytes: usize, findings: &mut Findings) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.bytes > MOST_BYTES {
            let message = format!("the expressions of the workflow bring more than {} MiB", MOST_BYTES / 1024 / 1024);
            self.refuse(path, message, "use smaller values, or let steps read them from a file", findings);
        }
        !self.spent
    }

    /// Says it once.
    fn refuse(&mut self, path: &str, message: String, hint: &str, findings: &mut Findings) {
        if !self.spent {
            findings.error(path, message, hint);
        }
        self.spent = true;
    }
}
