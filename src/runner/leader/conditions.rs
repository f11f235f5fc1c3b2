//! Conditions and `until`, as the expression language reads them.

use super::knowledge::Knowledge;

/// Whether an expression holds.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn holds(expression: &str, knowledge: &Knowledge<'_>) -> Result<bool, String> {
    use super::knowledge::Fact;
    match knowledge.look_up(expression.trim()) {
        Some(Fact::Bool(holds)) => Ok(holds),
        _ => Err(format!("\"{expression}\" is no known name")),
    }
}
