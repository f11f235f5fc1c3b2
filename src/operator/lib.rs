//! The controllers: observe, decide, act, publish.
//!
//! Everything is level-triggered: a look begins with what the cluster and the
//! store say now, so a crash at any point costs no more than another look. The
//! decisions themselves are made in `assay-lifecycle`; this room carries facts
//! there and actions back. Absent here: any judgement of its own, and any
//! fixed interval: a look follows a change, a timer, or a failure.
#![forbid(unsafe_code)]

mod context;
mod controllers;
mod definition;
mod execution;
mod failure;
mod queue;
mod work;

pub use context::{Context, Settings};
pub use controllers::run;
