//! Texts of a resolved workflow that may wait for what only a running step
//! knows.

use std::collections::BTreeSet;

use assay_expr::{Scope, Template};

use super::names::{is_late, of_step};

/// A text that stands in a resolved workflow where a step reads it: command,
/// arguments, script, value of the environment, working directory, or content
/// of a file. All of these are templates there, also when nothing is left to
/// resolve: a literal `{{` stands as `{{"{{"}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LateText {
    /// The text, as a template.
    pub(crate) template: String,
    /// The text as it is used; the template while it waits.
    pub(crate) text: String,
    /// Whether it is resolved only where it is used.
    pub(crate) waits: bool,
    /// Handles of the steps whose facts it names.
    pub(crate) needs: BTreeSet<String>,
}

impl LateText {
    /// Reads a text of a resolved workflow.
    pub(crate) fn of(text: &str) -> Self {
        let plain = |text: &str| Self {
            template: text.to_owned(),
            text: text.to_owned(),
            waits: false,
            needs: BTreeSet::new(),
        };
        if !text.contains("{{") {
            return plain(text);
        }
        let (template, _) = Template::parse(text);
        let needs = template.names().filter_map(|(name, _)| of_step(name)).map(|(step, _)| step.to_owned()).collect();
        let resolved = template.resolve(&known_later());
        // What nobody knows was refused when the workflow was resolved; it is not forgotten here.
        let waits = resolved.waits || !resolved.diagnostics.is_empty();
        Self { template: text.to_owned(), text: if waits { text.to_owned() } else { resolved.text }, waits, needs }
    }
}

/// Whether a condition is a single word and not an expression.
pub(crate) fn is_word(text: &str) -> bool {
    text.trim().chars().all(|letter| letter.is_ascii_alphabetic())
}

impl LateText {
    /// Whether it waits for what only a running step knows, and not just for
    /// values that an execution brings.
    pub(crate) fn waits_for_steps(&self) -> bool {
        self.waits && Template::parse(&self.template).0.names().any(|(name, _)| is_late(name))
    }
}

fn known_later() -> Scope {
    let mut scope = Scope::new();
    for prefix in ["env", "steps", "step", "config", "workflow", "execution"] {
        scope.declare_prefix(prefix);
    }
    scope.declare("namespace");
    scope
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_told_from_what_is_written_so() {
        for (text, expected, waits, needs) in [
            ("plain", "plain", false, &[][..]),
            ("{{\"{{\"}} .Values }}", "{{ .Values }}", false, &[]),
            ("a {{ env.HOME }}", "a {{ env.HOME }}", true, &[]),
            (
                "{{ steps.b.status }}{{ step.a.outputs.x }}",
                "{{ steps.b.status }}{{ step.a.outputs.x }}",
                true,
                &["a", "b"],
            ),
            ("{{ config.url }}", "{{ config.url }}", true, &[]),
        ] {
            let late = LateText::of(text);
            assert_eq!((late.text.as_str(), late.waits), (expected, waits), "{text}");
            assert_eq!(late.needs.iter().map(String::as_str).collect::<Vec<_>>(), needs, "{text}");
            assert_eq!(late.template, text);
        }
    }
}
