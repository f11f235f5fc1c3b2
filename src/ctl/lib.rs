//! The command line of Assay: `assay`, which is also `kubectl assay`.
//!
//! Each command is a file, or a folder, below [`commands`]: its arguments and
//! what it does. All speak to the world through a [`output::screen::Screen`] and
//! end in an exit code of [`exit`]. [`stay`] waits for an execution, [`remote`]
//! asks the cluster and the server, [`manifest`] reads files. Offline commands
//! (`validate`, `render`, `explain`) use the very same plan as the operator.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod complete;
mod entry;
mod exit;
mod failure;
mod manifest;
mod names;
mod output;
mod place;
mod program;
mod random;
mod reference;
mod remote;
mod stay;
mod values;

pub use entry::run;
pub use reference::reference;
