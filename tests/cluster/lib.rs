//! What the cluster suite, the demonstration and the benchmark share: they all
//! stand where a user stands, with `kubectl`, `helm` and `assay` in their hands,
//! and know nothing of what lies behind them.

mod command;
mod example;
mod execution;
mod machine;
mod namespace;
mod place;

pub use command::{CommandError, Output, Tool};
pub use example::{Case, Expectation, ExpectedTests, cases};
pub use execution::Execution;
pub use machine::{manager_pids, send_kill};
pub use namespace::{Namespace, PodSecurity};
pub use place::{Place, PlaceError};
