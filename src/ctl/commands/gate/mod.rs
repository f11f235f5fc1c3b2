//! `assay gate`: one gate.

mod describe;
mod rerun;
mod wait;

use clap::{Args as ClapArgs, Subcommand};
use clap_complete::engine::ArgValueCompleter;

use crate::complete;
use crate::failure::Failure;
use crate::names;
use crate::output::screen::Screen;
use crate::place::Place;

/// The commands of `gate`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Gate {
    /// Shows everything about a gate: what it judges, its executions, its earlier verdicts.
    Describe(Named),
    /// Has the deployed revision judged anew.
    Rerun(rerun::Rerun),
    /// Waits for the verdict; the exit code tells it.
    Wait(wait::Wait),
}

/// A gate by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Named {
    /// Name of the gate.
    #[arg(value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    name: String,
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
