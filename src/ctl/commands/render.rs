//! `assay render`: what would run, without a cluster: the Job and its plan.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};
use serde_json::{Value, json};

use crate::commands::planned::{Circumstances, Subject};
use crate::exit;
use crate::failure::Failure;
use crate::manifest::Finding;
use crate::output::screen::Screen;
use crate::output::yaml;
use crate::place::Place;

/// Arguments of `render`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(crate) struct Render {
    /// Manifests with one TestWorkflow, and the templates that it uses; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    circumstances: Circumstances,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    output: RenderOutput,
}

/// Forms of `render`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum RenderOutput {
    /// YAML documents.
    #[default]
    Yaml,
    /// A List, as JSON.
    Json,
    /// What the runner reads: the plan alone, as JSON.
    Plan,
}

/// Prints Job and ConfigMap.
///
/// # Errors
/// When the manifest has errors.
pub(crate) fn render(place: &Place, task: &Render, screen: &mut Screen) -> Result<u8, Failure> {
    let (subject, manifests) = Subject::of_files(&task.files, place.namespace.as_deref(), screen)?;
    let (planned, said) = match subject.plan(&task.circumstances)? {
        Ok(outcome) => (Some(outcome.rendered), outcome.warnings),
        Err(diagnostics) => (None, diagnostics),
    };
    // What the check of the manifest said already is not said again.
    let known = |finding: &Finding| {
        let all = manifests.iter().flat_map(|manifest| &manifest.findings);
        all.into_iter().any(|known| known.path == finding.path && known.message == finding.message)
    };
    for diagnostic in said {
        let finding = Finding::from_plan(diagnostic, None);
        if !known(&finding) {
            screen.note(&finding.line_of(subject.workflow.metadata.name.as_deref().unwrap_or_default()))?;
        }
    }
    let Some(rendered) = planned else { return Err(Failure::silent(exit::USAGE)) };
    let odd = |error: serde_json::Error| Failure::errored(format!("an object does not serialise: {error}"));
    let objects: [Value; 2] =
        [serde_json::to_value(&rendered.config_map).map_err(odd)?, serde_json::to_value(&rendered.job).map_err(odd)?];
    let text = match task.output {
        RenderOutput::Yaml => objects.iter().map(|object| format!("---\n{}", yaml::document(object))).collect(),
        RenderOutput::Json => {
            format!("{:#}\n", json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": objects }))
        }
        RenderOutput::Plan => yaml::of_object(&rendered.plan, true)?,
    };
    screen.data(&text)?;
    Ok(exit::PASSED)
}
