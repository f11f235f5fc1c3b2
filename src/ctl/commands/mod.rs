//! The commands, one by one. Each has its arguments beside what it does.

pub(crate) mod artifacts;
pub(crate) mod cancel;
pub(crate) mod completion;
pub(crate) mod describe;
pub(crate) mod doctor;
pub(crate) mod explain;
pub(crate) mod gate;
pub(crate) mod gates;
pub(crate) mod get;
mod listing;
pub(crate) mod logs;
pub(crate) mod pause;
mod planned;
pub(crate) mod render;
pub(crate) mod report;
pub(crate) mod rerun;
pub(crate) mod resume;
pub(crate) mod rollback;
pub(crate) mod run;
mod safe_path;
mod targets;
pub(crate) mod validate;
