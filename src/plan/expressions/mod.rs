//! Expressions in workflows and templates: which fields hold them, when each
//! is resolved, and what is said about them.

mod budget;
mod environment;
mod fields;
mod late;
mod names;
mod scopes;
mod walk;

pub(crate) use budget::Budget;
pub(crate) use environment::with_environment;
pub(crate) use late::{LateText, is_word};
pub(crate) use names::of_step as step_of;
pub(crate) use scopes::Scopes;
pub(crate) use walk::substitute;
