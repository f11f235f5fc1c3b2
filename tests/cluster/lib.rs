//! What the cluster suite, the demonstration and the benchmark share: they all
//! stand where a user stands, with `kubectl`, `helm` and `assay` in their hands,
//! and know nothing of what lies behind them.

mod command;
mod diagnostics;
mod example;
mod execution;
mod faults;
mod machine;
mod namespace;
mod place;
mod release;

pub use command::{CommandError, Output, Tool, wait_for};
pub use diagnostics::{BadInput, bad_inputs, diagnostics_page};
pub use example::{Case, Expectation, ExpectedTests, cases};
pub use execution::Execution;
pub use faults::{FAULTS, Fault, Log, fault, page};
pub use machine::{Process, manager_pids, processes_of_pod, send_kill};
pub use namespace::{Namespace, PodSecurity};
pub use place::{Place, PlaceError};
pub use release::{Release, ReleaseError, SYSTEM, install as install_release};
