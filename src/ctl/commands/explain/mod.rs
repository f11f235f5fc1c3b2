//! `assay explain`: what a workflow will do, in words. It is made of the very
//! plan that the operator would make.

mod containers;
mod fetched;
mod limits;
mod secrets;
mod steps;
mod values;
mod words;

use std::path::PathBuf;

use assay_plan::{Outcome, templates_used};
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;

use crate::commands::planned::{Circumstances, Subject};
use crate::commands::validate::fetch;
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::manifest::Finding;
use crate::names;
use crate::output::screen::Screen;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::remote::session::Session;

/// Arguments of `explain`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(crate) struct Explain {
    /// Name of a TestWorkflow in the cluster.
    #[arg(
        required_unless_present = "files",
        conflicts_with = "files",
        value_parser = names::workflow_or_hint,
        add = ArgValueCompleter::new(complete::workflows)
    )]
    workflow: Option<String>,
    /// Manifests with one TestWorkflow, and the templates that it uses, instead of the cluster; `-` for standard input.
    #[arg(short = 'f', long = "file", value_name = "FILE", num_args = 1..)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    circumstances: Circumstances,
}

impl Explain {
    /// Whether no cluster is needed.
    pub(crate) fn is_offline(&self) -> bool {
        self.workflow.is_none()
    }
}

/// Explains the workflow of manifests.
///
/// # Errors
/// When they have errors, or values are missing.
pub(crate) fn offline(place: &Place, task: &Explain, screen: &mut Screen) -> Result<u8, Failure> {
    let (subject, _) = Subject::of_files(&task.files, place.namespace.as_deref(), screen)?;
    tell(&subject, &task.circumstances, screen)
}

/// Explains a workflow of the cluster.
///
/// # Errors
/// When it is not there or has errors, or values are missing.
pub(crate) async fn online(place: &Place, task: &Explain, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.workflow.as_deref().unwrap_or_default();
    let workflow = session.workflow(name).await?;
    let used = templates_used(&workflow.spec).into_iter().map(str::to_owned).collect();
    let templates = fetch(&session, used).await?;
    let namespace = session.namespace.clone();
    tell(&Subject { workflow, execution: None, templates, namespace }, &task.circumstances, screen)
}

fn tell(subject: &Subject, circumstances: &Circumstances, screen: &mut Screen) -> Result<u8, Failure> {
    let label = subject.workflow.metadata.name.clone().unwrap_or_default();
    match subject.plan(circumstances)? {
        Ok(outcome) => {
            let inputs = subject.inputs(circumstances)?;
            screen.data(&text(subject, &inputs, &outcome))?;
            for warning in outcome.warnings {
                screen.note(&Finding::from_plan(warning, None).line_of(&label))?;
            }
            Ok(exit::PASSED)
        }
        Err(diagnostics) => {
            let values = diagnostics.iter().any(|diagnostic| diagnostic.path.starts_with("spec.config"));
            for diagnostic in diagnostics {
                screen.note(&Finding::from_plan(diagnostic, None).line_of(&label))?;
            }
            let failure = Failure::usage(format!("{label} cannot be planned"));
            Err(if values {
                failure.hint("give the values that it needs: `--config NAME=VALUE`, `--secret-config NAME=SECRET/KEY`")
            } else {
                failure
            })
        }
    }
}

/// Everything, part by part.
fn text(subject: &Subject, inputs: &assay_plan::Inputs, outcome: &Outcome) -> String {
    let (spec, rendered) = (&subject.workflow.spec, &outcome.rendered);
    let plan = &rendered.plan;
    let mut out = format!("{} in namespace {}\n", plain(&plan.execution.workflow), plain(&plan.execution.namespace));
    if let Some(description) = &spec.description {
        out.push_str(&format!("  {}\n", plain(description)));
    }
    let mut used: Vec<String> = templates_used(spec).into_iter().map(plain).collect();
    used.dedup();
    if !used.is_empty() {
        out.push_str(&format!("  made with the templates {}\n", used.join(", ")));
    }
    out.push_str(&values::values(spec, inputs));
    out.push_str(&fetched::fetched(rendered));
    out.push_str(&steps::steps(plan));
    out.push_str(&containers::containers(rendered));
    out.push_str(&secrets::secrets(rendered));
    out.push_str(&limits::limits(spec, rendered));
    out
}

#[cfg(test)]
mod tests;
