//! The controller of rollbacks: observe, judge, decide, write the intention down, act.

mod act;
mod announce;
mod controller;
mod deployed;
mod dry_runs;
mod keys;
mod locks;
mod look;
mod observe;
mod others;
mod outcomes;
mod paused;
mod plan;
mod retention;
mod run;

pub(crate) use run::run;
