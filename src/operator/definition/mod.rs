//! The controllers of what executions are made from: workflows and templates.

pub(crate) mod templates;
pub(crate) mod workflows;
mod wording;
