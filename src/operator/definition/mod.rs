//! The controllers of what executions are made from: workflows and templates.

pub(crate) mod templates;
pub(crate) mod used;
mod users;
mod visit;
mod wording;
pub(crate) mod workflows;
