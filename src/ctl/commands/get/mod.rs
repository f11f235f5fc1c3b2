//! `assay get`: executions as kubectl shows them.

mod rows;
mod watch;

use assay_api::TestExecution;
use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names::{self, LATEST};
use crate::output::screen::Screen;
use crate::output::yaml;
use crate::place::Place;
use crate::remote::session::{Session, created};
use rows::{Columns, name, rows};

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
    output: Option<GetOutput>,
}

/// Forms of `get`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum GetOutput {
    /// The objects, as JSON.
    Json,
    /// The objects, as YAML.
    Yaml,
    /// Their names.
    Name,
    /// The table with more columns.
    Wide,
}

/// Shows executions.
///
/// # Errors
/// When the one that is named does not exist, or the cluster does not tell.
pub(crate) async fn get(place: &Place, task: Get, screen: &mut Screen) -> Result<u8, Failure> {
    let columns = Columns { everywhere: task.all_namespaces, wide: task.output == Some(GetOutput::Wide) };
    if task.watch && !matches!(task.output, None | Some(GetOutput::Wide)) {
        return Err(Failure::usage("--watch prints a table").hint("use `kubectl get tex --watch` for other forms"));
    }
    let session = Session::open(place).await?;
    let mut found = find(&session, &task).await?;
    found.sort_by_key(|execution| std::cmp::Reverse(created(execution)));
    if task.watch {
        let fits = watch::Fits {
            namespaces: if task.all_namespaces { Vec::new() } else { vec![session.namespace.clone()] },
            only: task.name.as_ref().and(found.first()).map(name),
            workflow: task.workflow,
            labels: task.selector,
        };
        return watch::watch(&session, found, fits, columns, screen).await;
    }
    if found.is_empty() && !matches!(task.output, Some(GetOutput::Json | GetOutput::Yaml)) {
        screen.note(&format!("No executions{} in {}.", kind(&task), where_(&session, &task)))?;
        return Ok(exit::PASSED);
    }
    let text = match task.output {
        None | Some(GetOutput::Wide) => rows(&found, columns, Timestamp::now()),
        Some(GetOutput::Name) => found.iter().map(|one| format!("testexecution.assay.dev/{}\n", name(one))).collect(),
        Some(GetOutput::Json) => format!("{:#}\n", objects(found, task.name.is_some())?),
        Some(GetOutput::Yaml) => yaml::document(&objects(found, task.name.is_some())?),
    };
    screen.data(&text)?;
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

fn objects(found: Vec<TestExecution>, one: bool) -> Result<Value, Failure> {
    let mut items = Vec::new();
    for mut execution in found {
        execution.metadata.managed_fields = None;
        let item = serde_json::to_value(execution);
        items.push(item.map_err(|error| Failure::errored(format!("an object does not serialise: {error}")))?);
    }
    Ok(match items.pop() {
        Some(item) if one => item,
        last => {
            items.extend(last);
            json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items })
        }
    })
}
