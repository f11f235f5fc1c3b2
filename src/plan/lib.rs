//! From a workflow to what is applied: resolved (values in place of
//! expressions), validated (every mistake with its path and what would be
//! right), compiled (a flat list of instructions, grouped by container),
//! linted, and rendered (one Job and one ConfigMap).
//!
//! The operator and the command line use the very same functions, so what is
//! shown offline is what runs. Absent here: clients, async, clocks, randomness;
//! the same input gives the same bytes.

mod command;
mod compile;
mod conditions;
mod config;
mod container;
mod content;
mod deadlines;
mod definition;
mod diagnostic;
mod execution;
mod expressions;
mod files;
mod flat;
mod group;
mod ids;
mod inputs;
mod lint;
mod path;
mod pod;
mod render;
mod resolve;
mod templates;
mod tree;
mod validate;

pub use compile::{Compiled, DEFAULT_RETRY_DELAY, compile};
pub use content::DEFAULT_GIT_IMAGE;
pub use deadlines::{AFTER_GRACE, DEFAULT_EXECUTION_TIMEOUT, DEFAULT_PAUSE, DEFAULT_START_TIMEOUT, Deadlines};
pub use definition::{validate_template, validate_workflow};
pub use diagnostic::{Diagnostic, Severity, has_errors};
pub use execution::{Outcome, plan_execution};
pub use group::StepContainer;
pub use inputs::{Inputs, Owner, Placement, Target};
pub use lint::lint;
pub use render::{Rendered, job_name, label_value, render};
pub use resolve::{Resolved, resolve};
pub use templates::templates_used;
pub use validate::{MAX_CONTAINERS, MAX_PLAN_BYTES, validate};
