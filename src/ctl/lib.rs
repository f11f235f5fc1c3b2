//! The command line of Assay: `assay`, which is also `kubectl assay`.
//!
//! Arguments are read twice: as typed ([`args`]) and as meant ([`meant`]). Each
//! command is a file; all speak to the world through a [`screen::Screen`] and
//! end in an exit code of [`exit`]. Offline commands (`validate`, `render`) use
//! the very same plan as the operator.
#![forbid(unsafe_code)]

mod args;
mod artifacts;
mod clock;
mod describe;
mod exit;
mod failure;
mod follow;
mod get;
mod logs;
mod manifest;
mod meant;
mod printer;
mod progress;
mod remote;
mod render;
mod report;
mod run;
mod safe_path;
mod screen;
mod session;
mod sse;
mod start;
mod summary;
mod table;
mod terminal;
mod validate;
mod yaml;

pub use run::run;
