//! The controller of executions.

mod act;
mod controller;
mod facts;
mod hook;
mod look;
mod memory;
mod observe;
mod planning;
mod publish;
mod watches;

pub(crate) use facts::is_kept;
pub(crate) use watches::{prepare, run};
