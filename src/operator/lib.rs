//! The controllers: observe, decide, act, publish.
//!
//! Everything is level-triggered: a look begins with what the cluster and the
//! store say now, so a crash at any point costs no more than another look. The
//! decisions themselves are made in `assay-lifecycle`; this room carries facts
//! there and actions back. A look follows a change, a timer, or a failure; at a
//! fixed interval only the store is asked whether it does its work, and what
//! need not be kept any longer is looked for. Absent here: any judgement of its own.
#![forbid(unsafe_code)]

mod access;
mod context;
mod controllers;
mod definition;
mod execution;
mod failure;
mod finished;
mod gate;
mod git;
mod gitops;
mod hands;
mod metrics;
mod queue;
mod refresh;
mod retention;
mod rollback;
mod rollback_metrics;
mod storage;
mod trees;
mod webhooks;
mod work;

pub use access::GrantedTrees;
pub use context::{Context, Settings};
pub use controllers::run;
pub use git::Git;
pub use metrics::Metrics;
pub use trees::{NoTrees, NotNow, TreeAsk, Trees};
pub use webhooks::Webhooks;
