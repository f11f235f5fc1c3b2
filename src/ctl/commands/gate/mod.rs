//! `assay gate`: one gate.

mod describe;
mod named;
mod rerun;
mod wait;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;

/// The commands of `gate`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Gate {
    /// Shows everything about a gate: what it judges, its executions, its earlier verdicts.
    Describe(named::Named),
    /// Has the deployed revision judged anew.
    Rerun(rerun::Rerun),
    /// Waits for the verdict; the exit code tells it.
    Wait(wait::Wait),
}

/// Does it.
///
/// # Errors
/// When the gate does not exist, or the cluster does not do what it is asked.
pub(crate) async fn gate(place: &Place, task: Gate, screen: &mut Screen) -> Result<u8, Failure> {
    match task {
        Gate::Describe(task) => describe::describe(place, &task.name, screen).await,
        Gate::Rerun(task) => rerun::rerun(place, &task, screen).await,
        Gate::Wait(task) => wait::wait(place, &task, screen).await,
    }
}
