//! What the cluster suite, the demonstration and the benchmark share: they all
//! stand where a user stands, with `kubectl`, `helm` and `assay` in their hands,
//! and know nothing of what lies behind them.

mod command;
mod diagnostics;
mod example;
mod execution;
mod faults;
mod gitops;
mod installed;
mod machine;
mod manager;
mod namespace;
mod place;
mod release;

pub use command::{CommandError, Output, Tool, wait_for};
pub use diagnostics::{BadInput, bad_inputs, diagnostics_page};
pub use example::{Case, Expectation, ExpectedTests, cases};
pub use execution::Execution;
pub use faults::{FAULTS, Fault, Log, fault, page};
pub use gitops::{
    ARGOCD, App, Behaviour, Board, Bot, CASES, Commit, Engine, FORGE, Forge, GitopsCase, Live, Measured, Moment,
    Object, Plan, Price, Repository, Round, World, cluster_forge, gitops_case, gitops_page, merged, teach_argocd,
};
pub use installed::{PutAway, wait_for_admission};
pub use machine::{Process, manager_pids, processes_of_pod, send_kill};
pub use manager::{Crash, Manager, ManagerSettings, build_manager};
pub use namespace::{Namespace, PodSecurity};
pub use place::{Place, PlaceError};
pub use release::{Release, ReleaseError, SYSTEM, install as install_release};

/// What goes wrong is said by the tools that are called.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;
