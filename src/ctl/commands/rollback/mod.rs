//! `assay rollback`: what was decided about bad revisions, and the commands that people have over it.

mod dry_run;
mod explain;
mod guards;
mod list;
mod orders;

use clap::Subcommand;

use crate::failure::Failure;
use crate::output::screen::Screen;
use crate::place::Place;

/// The commands of `rollback`.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Rollbacks {
    /// Lists rollbacks, the newest first.
    #[command(alias = "list")]
    Ls(list::List),
    /// Says why a rollback was or was not carried out: every guard, the commit, what came of it.
    Explain(explain::Explain),
    /// Approves a rollback that waits for it; all other guards are asked again.
    Approve(orders::Approve),
    /// Keeps a rollback, or all of a gate, from being carried out.
    Pause(orders::Hold),
    /// Takes a pause back.
    Resume(orders::Hold),
    /// Says what would become of a gate's last failure: every guard, the commit; carries nothing out.
    DryRun(dry_run::DryRun),
}

/// Does it.
///
/// # Errors
/// When what is named does not exist, or the cluster does not do what it is asked.
pub(crate) async fn rollback(place: &Place, task: Rollbacks, screen: &mut Screen) -> Result<u8, Failure> {
    match task {
        Rollbacks::Ls(task) => list::list(place, task, screen).await,
        Rollbacks::Explain(task) => explain::explain(place, &task, screen).await,
        Rollbacks::Approve(task) => orders::approve(place, &task, screen).await,
        Rollbacks::Pause(task) => orders::pause(place, &task, screen).await,
        Rollbacks::DryRun(task) => dry_run::dry_run(place, &task, screen).await,
        Rollbacks::Resume(task) => orders::resume(place, &task, screen).await,
    }
}
