//! Conditions and `until`, as the expression language reads them.

use assay_expr::{Diagnostic, Expression, Scope, Value};

use super::knowledge::{Fact, Knowledge};

/// Names that every condition knows, also for suggestions.
const WORDS: [&str; 6] = ["passed", "failed", "always", "never", "cancelled", "timedOut"];

/// Whether an expression holds.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn holds(text: &str, knowledge: &Knowledge<'_>) -> Result<bool, String> {
    let (expression, mistakes) = Expression::parse(text);
    if !mistakes.is_empty() {
        return Err(explain(text, &mistakes));
    }
    let mut scope = Scope::new();
    for name in WORDS.into_iter().chain(expression.names().map(|(name, _)| name)) {
        if let Some(fact) = knowledge.look_up(name) {
            scope.set(name, value(fact));
        }
    }
    let value = expression.evaluate(&scope).map_err(|mistakes| explain(text, &mistakes))?;
    Ok(value.truthy())
}

fn explain(text: &str, mistakes: &[Diagnostic]) -> String {
    let first = mistakes.first().map(ToString::to_string).unwrap_or_default();
    format!("`{text}`: {first}")
}

fn value(fact: Fact) -> Value {
    match fact {
        Fact::Nothing => Value::Null,
        Fact::Bool(value) => value.into(),
        Fact::Number(value) => value.into(),
        Fact::Text(value) => value.into(),
    }
}
