//! The controller of executions.

mod act;
mod controller;
mod facts;
mod look;
mod memory;
mod observe;
mod planning;
mod publish;

pub(crate) use controller::run;
pub(crate) use look::Finished;
