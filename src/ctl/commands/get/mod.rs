//! `assay get`: executions as kubectl shows them.

mod rows;

use assay_api::TestExecution;
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::commands::listing::{Columns, Fits, ListOutput, created, name, text, watch};
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names::{self, LATEST};
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `get`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Get {
    /// Name of the execution; `@latest` is the newest.
    #[arg(
        value_parser = names::execution_or_latest,
        add = ArgValueCompleter::new(complete::executions)
    )]
    name: Option<String>,
    /// Only executions of this workflow.
    #[arg(
        short,
        long,
        value_parser = names::workflow,
        add = ArgValueCompleter::new(complete::workflows)
    )]
    workflow: Option<String>,
    /// Only executions with these labels, for example `team=web,tier!=slow`.
    #[arg(short = 'l', long, conflicts_with = "name")]
    selector: Option<String>,
    /// In all namespaces.
    #[arg(short = 'A', long, conflicts_with = "name")]
    all_namespaces: bool,
    /// Goes on and prints a line for each change.
    #[arg(long)]
    watch: bool,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    output: Option<ListOutput>,
}

/// Shows executions.
///
/// # Errors
/// When the one that is named does not exist, or the cluster does not tell.
pub(crate) async fn get(place: &Place, task: Get, screen: &mut Screen) -> Result<u8, Failure> {
    let columns = Columns { everywhere: task.all_namespaces, wide: task.output == Some(ListOutput::Wide) };
    if task.watch {
        ListOutput::check_watch(task.output, "tex")?;
    }
    let session = Session::open(place).await?;
    let mut found = find(&session, &task).await?;
    found.sort_by_key(|execution| std::cmp::Reverse(created(execution)));
    if task.watch {
        let of_workflow =
            |one: &TestExecution| task.workflow.as_ref().is_none_or(|workflow| one.spec.workflow_ref.name == *workflow);
        let fits = Fits {
            namespaces: if task.all_namespaces { Vec::new() } else { vec![session.namespace.clone()] },
            only: task.name.as_ref().and(found.first()).map(name),
            labels: task.selector.clone(),
            takes: &of_workflow,
        };
        return watch(&session, found, fits, columns, screen).await;
    }
    if found.is_empty() && !ListOutput::is_object(task.output) {
        screen.note(&format!("No executions{} in {}.", kind(&task), where_(&session, &task)))?;
        return Ok(exit::PASSED);
    }
    screen.data(&text(found, task.name.is_some(), task.output, columns)?)?;
    Ok(exit::PASSED)
}

fn kind(task: &Get) -> String {
    task.workflow.as_ref().map(|workflow| format!(" of {workflow}")).unwrap_or_default()
}

fn where_(session: &Session, task: &Get) -> String {
    if task.all_namespaces { "the cluster".to_owned() } else { format!("namespace {}", session.namespace) }
}

async fn find(session: &Session, task: &Get) -> Result<Vec<TestExecution>, Failure> {
    match task.name.as_deref() {
        Some(LATEST) => return Ok(vec![session.latest(task.workflow.as_deref()).await?]),
        Some(name) => return Ok(vec![session.execution(name).await?]),
        None => {}
    }
    let namespace = (!task.all_namespaces).then_some(session.namespace.as_str());
    let mut found: Vec<TestExecution> = session.cluster.list(namespace, task.selector.as_deref()).await?;
    found.retain(|one| task.workflow.as_ref().is_none_or(|workflow| one.spec.workflow_ref.name == *workflow));
    Ok(found)
}
