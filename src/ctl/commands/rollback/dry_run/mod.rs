//! `assay rollback dry-run`: what would become of a gate's last failure. The manager answers, with the whole chain
//! of guards and the commit that it would write; nothing is carried out.

mod asked;
mod told;

use assay_api::{RollbackMode, TestGate};
use assay_gitops::{DryRunAsk, last_failure};
use clap::{Args as ClapArgs, ValueEnum};
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;

use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::screen::{Screen, paint};
use crate::output::yaml;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Arguments of `rollback dry-run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct DryRun {
    /// Name of the gate.
    #[arg(value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    gate: String,
    /// How far the policy would go; without it as far as that of the gate.
    #[arg(long, value_enum, ignore_case = true)]
    mode: Option<Mode>,
    /// Keeps the answer, an hour at most, as a Rollback with the label `assay.dev/dry-run`.
    #[arg(long)]
    keep: bool,
    /// Form of the output.
    #[arg(short, long, value_enum)]
    output: Option<Form>,
}

/// How far a policy would go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Only says what would be done.
    #[value(name = "observe")]
    Observe,
    /// Opens a pull request.
    #[value(name = "pullRequest", alias = "pull-request", alias = "PullRequest")]
    PullRequest,
    /// Pushes one commit.
    #[value(name = "push")]
    Push,
}

/// Forms of `rollback dry-run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// The Rollback that answers, as JSON.
    Json,
    /// The Rollback that answers, as YAML.
    Yaml,
}

const fn mode(mode: Mode) -> RollbackMode {
    match mode {
        Mode::Observe => RollbackMode::Observe,
        Mode::PullRequest => RollbackMode::PullRequest,
        Mode::Push => RollbackMode::Push,
    }
}

/// Has the manager ask the guards about the last failure, and shows what it says.
///
/// # Errors
/// When the gate does not exist or may not be changed, nobody answers, or the cluster does not tell.
pub(super) async fn dry_run(place: &Place, task: &DryRun, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let gate: TestGate = session.named(&task.gate).await?;
    if gate.status.as_ref().and_then(last_failure).is_none() {
        let name = &task.gate;
        let said = format!("{name} has failed for no revision that it remembers: nothing would be taken back");
        // Who reads objects finds none.
        if task.output.is_some() {
            screen.note(&said)?
        } else {
            screen.line(&said)?
        }
        return Ok(exit::PASSED);
    }
    let ask = DryRunAsk::new(Timestamp::now(), task.mode.map(mode));
    let mut record = asked::ask(&session, &gate, &ask, task.keep, screen).await?;
    if let Some(form) = task.output {
        record.metadata.managed_fields = None;
        screen.data(&yaml::of_object(&record, form == Form::Json)?)?;
        return Ok(exit::PASSED);
    }
    screen.data(&told::text(&gate, &record, Timestamp::now()))?;
    let (program, namespace) = (called(), &session.namespace);
    if task.keep {
        let name = record.metadata.name.as_deref().unwrap_or_default();
        screen.note(&paint::dim(&format!("again: {program} -n {namespace} rollback explain {name}")))?;
    }
    if let Some(real) = told::decided(&gate, &record) {
        screen.note(&paint::dim(&format!("what was decided: {program} -n {namespace} rollback explain {real}")))?;
    }
    Ok(exit::PASSED)
}
