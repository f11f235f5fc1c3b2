//! `assay rollback ls`: the decisions about bad revisions.

use assay_api::Rollback;
use assay_api::names::LABEL_GATE;
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;

use crate::commands::gates::phase;
use crate::commands::listing::{Columns, Fits, ListOutput, Listed, created, name, text, watch};
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::clock::age;
use crate::output::revision::short;
use crate::output::screen::Screen;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `rollback ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct List {
    /// Only those of this gate.
    #[arg(long, value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    gate: Option<String>,
    /// In all namespaces.
    #[arg(short = 'A', long)]
    all_namespaces: bool,
    /// Goes on and prints a line for each change.
    #[arg(short, long)]
    watch: bool,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    output: Option<ListOutput>,
}

/// Shows rollbacks.
///
/// # Errors
/// When the cluster does not tell.
pub(super) async fn list(place: &Place, task: List, screen: &mut Screen) -> Result<u8, Failure> {
    let columns = Columns { everywhere: task.all_namespaces, wide: task.output == Some(ListOutput::Wide) };
    if task.watch {
        ListOutput::check_watch(task.output, "rb")?;
    }
    let session = Session::open(place).await?;
    let namespace = (!task.all_namespaces).then_some(session.namespace.as_str());
    let labels = task.gate.as_ref().map(|gate| format!("{LABEL_GATE}={gate}"));
    let mut found: Vec<Rollback> = session.cluster.list(namespace, labels.as_deref()).await?;
    found.sort_by_key(|one| std::cmp::Reverse(created(one)));
    if task.watch {
        let namespaces = namespace.map(str::to_owned).into_iter().collect();
        let fits = Fits { namespaces, only: None, labels, takes: &|_| true };
        return watch(&session, found, fits, columns, screen).await;
    }
    if found.is_empty() && !ListOutput::is_object(task.output) {
        let of = task.gate.map(|gate| format!(" of {gate}")).unwrap_or_default();
        let place = namespace.map_or_else(|| "the cluster".to_owned(), |namespace| format!("namespace {namespace}"));
        screen.note(&format!("No rollbacks{of} in {place}."))?;
        return Ok(exit::PASSED);
    }
    screen.data(&text(found, false, task.output, columns)?)?;
    Ok(exit::PASSED)
}

impl Listed for Rollback {
    const NAME: &'static str = "rollback.assay.dev";

    fn rows(found: &[&Self], columns: Columns, now: Timestamp) -> String {
        let mut head = vec!["NAME", "GATE", "BAD", "GOOD", "MODE", "PHASE", "RECOVERY", "AGE"];
        if columns.everywhere {
            head.insert(0, "NAMESPACE");
        }
        if columns.wide {
            head.extend(["COMMIT", "PULL REQUEST", "MESSAGE"]);
        }
        table(&head, found.iter().map(|one| row(one, columns, now)).collect())
    }
}

fn row(rollback: &Rollback, columns: Columns, now: Timestamp) -> Vec<Cell> {
    let (spec, status) = (&rollback.spec, rollback.status.clone().unwrap_or_default());
    let mut row: Vec<Cell> = Vec::new();
    if columns.everywhere {
        row.push(rollback.metadata.namespace.clone().unwrap_or_default().into());
    }
    row.push(name(rollback).into());
    row.push(plain(&spec.gate).into());
    row.push(short(&spec.bad.revision).into());
    row.push(spec.good.as_ref().map_or_else(String::new, |good| short(&good.revision)).into());
    let asked = spec.dry_run.as_ref().map(|dry_run| format!("{} (dry run)", dry_run.mode));
    row.push(asked.unwrap_or_else(|| spec.policy.mode.to_string()).into());
    row.push(phase(status.phase));
    row.push(plain(status.recovery_time.as_deref().unwrap_or_default()).into());
    row.push(created(rollback).map_or_else(|| "<unknown>".to_owned(), |from| age(from, now)).into());
    if columns.wide {
        row.push(status.commit.as_ref().map_or_else(String::new, |commit| short(&commit.id)).into());
        row.push(status.pull_request.as_ref().map_or_else(String::new, |request| plain(&request.url)).into());
        row.push(plain(status.message.as_deref().unwrap_or_default()).into());
    }
    row
}

#[cfg(test)]
mod tests {
    use super::super::explain::tests::rollback;
    use super::*;

    #[test]
    fn the_table_says_what_was_taken_back() {
        let now: Timestamp = "2026-01-01T00:05:00Z".parse().expect("a time");
        let one = rollback();
        let bare = |columns| anstream::adapter::strip_str(&Rollback::rows(&[&one], columns, now)).to_string();
        insta::assert_snapshot!("narrow", bare(Columns::default()));
        insta::assert_snapshot!("wide", bare(Columns { everywhere: true, wide: true }));
    }
}
