//! The runner: the small static program in every container of a test pod.
//!
//! `step` waits in a step container for its turn, runs the step's process and
//! spools its output; `lead` obeys the plan in a container of its own and is
//! the only one that speaks to the server. They meet in the control folder, by
//! the files that [`assay_protocol::control`] describes.
//!
//! Absent here: Kubernetes clients, and in the step mode also async and threads,
//! because a waiting runner is to cost next to nothing.
#![forbid(unsafe_code)]

mod control_dir;
pub mod install;
pub mod leader;
mod plan_file;
mod settings;
pub mod step;
mod uplink;
mod watch;

pub use plan_file::{LoadedPlan, PlanError};
pub use settings::Settings;
