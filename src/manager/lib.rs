//! The manager: one executable that holds the operator and the server
//! together. Here is composition and nothing else: configuration, certificate,
//! leadership, probes, and an orderly end.
#![forbid(unsafe_code)]

mod args;
mod awaited;
mod backup;
mod check;
mod crds;
mod definitions;
mod gitops_args;
mod hooks;
mod image_volumes;
mod numbers;
mod probes;
mod run;
mod signals;
mod store_args;
mod tls;
mod webhook;

pub use args::{AllArgs, Args, CheckArgs, Command, CrdsArgs, ImageVolumesChoice};
pub use check::{CheckError, check};
pub use crds::{CrdsError, print_crds};
pub use run::{RunError, run_all};
pub use store_args::{BackupArgs, RetentionArgs, StoreArgs};
