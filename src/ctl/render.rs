//! `assay render`: what would run, without a cluster. It is the operator's own
//! plan; only names that are not known yet (uid, server) are stand-ins.

use assay_plan::{DEFAULT_GIT_IMAGE, Inputs, Owner, Placement, Target, plan_execution};
use serde_json::{Value, json};

use crate::args::RenderOutput;
use crate::exit;
use crate::failure::Failure;
use crate::manifest::{self, Finding};
use crate::meant::{Place, RenderTask};
use crate::screen::Screen;
use crate::yaml;

/// Stands for the uid that the cluster will give.
const UID: &str = "00000000-0000-0000-0000-000000000000";

/// Prints Job and ConfigMap.
///
/// # Errors
/// When the manifest has errors.
pub(crate) fn render(place: &Place, task: RenderTask, screen: &mut Screen) -> Result<u8, Failure> {
    let manifest = manifest::read_for_run(&task.input, screen)?;
    let [workflow] = manifest.workflows.as_slice() else {
        return Err(Failure::usage("the manifest must have one TestWorkflow"));
    };
    let given = manifest.executions.first();
    let name = workflow.metadata.name.clone().unwrap_or_default();
    let execution = given.and_then(|given| given.metadata.name.clone()).unwrap_or_else(|| format!("{name}-render"));
    let named = place.namespace.clone().or_else(|| workflow.metadata.namespace.clone());
    let namespace = named.unwrap_or_else(|| "default".to_owned());
    let mut config = given.map(|given| given.spec.config.clone()).unwrap_or_default();
    config.extend(task.config);
    let inputs = Inputs {
        namespace: namespace.clone(),
        execution: execution.clone(),
        uid: UID.to_owned(),
        workflow: name,
        revision: task.revision.or_else(|| given.and_then(|given| given.spec.revision.clone())),
        config,
        config_from: given.map(|given| given.spec.config_from.clone()).unwrap_or_default(),
        workflow_labels: workflow.metadata.labels.clone().unwrap_or_default(),
        attempt: 1,
        ..Inputs::default()
    };
    let placement = Placement {
        owner: Owner { name: execution, uid: UID.to_owned(), namespace },
        runner_image: task.runner_image,
        runner_pull_policy: None,
        git_image: DEFAULT_GIT_IMAGE.to_owned(),
        image_volumes: task.image_volumes,
        restricted: task.restricted,
    };
    let (planned, said) = match plan_execution(&workflow.spec, &inputs, &Target::default(), &placement) {
        Ok(outcome) => (Some(outcome.rendered), outcome.warnings),
        Err(diagnostics) => (None, diagnostics),
    };
    // What the check of the manifest said already is not said again.
    for diagnostic in said {
        let finding = Finding::from_plan(diagnostic, None);
        if !manifest.findings.iter().any(|known| known.path == finding.path && known.message == finding.message) {
            screen.note(&finding.line_of(&manifest.label))?;
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
    };
    screen.data(&text)?;
    Ok(exit::PASSED)
}
