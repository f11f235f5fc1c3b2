//! Parameters: what a workflow or template declares, what was given, and the
//! names that expressions may use.

mod parameters;
mod pattern;
mod rules;
mod schema;
mod surroundings;
mod value;

pub(crate) use parameters::{Given, Parameters, secret_variable};
pub(crate) use surroundings::surroundings;
