//! `assay gates`: what is delivered, and what its tests say of it.

mod rows;

use assay_api::TestGate;
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::commands::listing::{Columns, Fits, ListOutput, name, text, watch};
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::screen::Screen;
use crate::place::Place;
use crate::remote::session::Session;
pub(crate) use rows::{delivery, phase};

/// Arguments of `gates`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Gates {
    /// Name of the gate; without it all of the namespace.
    #[arg(value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    name: Option<String>,
    /// Only gates with these labels.
    #[arg(short = 'l', long, conflicts_with = "name")]
    selector: Option<String>,
    /// In all namespaces.
    #[arg(short = 'A', long, conflicts_with = "name")]
    all_namespaces: bool,
    /// Goes on and prints a line for each change.
    #[arg(short, long)]
    watch: bool,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    output: Option<ListOutput>,
}

/// Shows gates.
///
/// # Errors
/// When the one that is named does not exist, or the cluster does not tell.
pub(crate) async fn gates(place: &Place, task: Gates, screen: &mut Screen) -> Result<u8, Failure> {
    let columns = Columns { everywhere: task.all_namespaces, wide: task.output == Some(ListOutput::Wide) };
    if task.watch {
        ListOutput::check_watch(task.output, "tg")?;
    }
    let session = Session::open(place).await?;
    let namespace = (!task.all_namespaces).then_some(session.namespace.as_str());
    let mut found: Vec<TestGate> = match &task.name {
        Some(name) => vec![session.named(name).await?],
        None => session.cluster.list(namespace, task.selector.as_deref()).await?,
    };
    found.sort_by_key(|gate| (gate.metadata.namespace.clone(), name(gate)));
    if task.watch {
        let fits = Fits {
            namespaces: namespace.map(str::to_owned).into_iter().collect(),
            only: task.name,
            labels: task.selector,
            takes: &|_| true,
        };
        return watch(&session, found, fits, columns, screen).await;
    }
    if found.is_empty() && !ListOutput::is_object(task.output) {
        let place = namespace.map_or_else(|| "the cluster".to_owned(), |namespace| format!("namespace {namespace}"));
        screen.note(&format!("No gates in {place}."))?;
        return Ok(exit::PASSED);
    }
    screen.data(&text(found, task.name.is_some(), task.output, columns)?)?;
    Ok(exit::PASSED)
}
