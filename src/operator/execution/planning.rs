//! From the workflow, as it stands now, to what is applied.

use assay_api::{Reason, TestExecution, TestWorkflow};
use assay_lifecycle::{Deadlines, PlanFacts, Planned};
use assay_plan::{
    Diagnostic, Inputs, Owner, Placement, Rendered, Severity, Target, has_errors, plan_execution, validate_workflow,
};

use super::memory::Terms;
use crate::context::Context;
use crate::definition::used;
use crate::failure::LookError;

/// What is applied, and what holds for it.
pub(crate) struct Plan {
    pub(crate) rendered: Box<Rendered>,
    pub(crate) terms: Terms,
}

/// Plans an attempt of an execution. The workflow is asked for, not taken from
/// a watch: an execution made right after an edit of its workflow means the
/// edited one. `delivered` is the revision of the delivery of which it is a hook.
pub(crate) async fn plan(
    context: &Context,
    execution: &TestExecution,
    attempt: u32,
    delivered: Option<&str>,
) -> Result<(Planned, Option<Plan>), LookError> {
    let metadata = &execution.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = &execution.spec.workflow_ref.name;
    let (workflow, restricted) = tokio::try_join!(
        context.cluster.get::<TestWorkflow>(namespace, name),
        context.cluster.namespace_is_restricted(namespace),
    )?;
    let Some(workflow) = workflow else { return Ok((Planned::WorkflowMissing, None)) };
    let used = used::fetch(context, namespace, &workflow.spec).await?;
    let workflow_labels = workflow.metadata.labels.clone().unwrap_or_default();
    let inputs = Inputs { workflow_labels, templates: used.found, ..inputs(execution, attempt, delivered) };
    let target = Target { server: Some(context.settings.server.clone()) };
    let placement = placement(context, &inputs, restricted);
    Ok(match plan_execution(&workflow.spec, &inputs, &target, &placement) {
        Ok(outcome) => {
            let facts = PlanFacts { hash: outcome.rendered.plan_hash.clone() };
            let terms = terms(&outcome.rendered);
            (Planned::Ready(facts), Some(Plan { rendered: Box::new(outcome.rendered), terms }))
        }
        Err(diagnostics) => (invalid(&workflow, &inputs, used.missing, &diagnostics), None),
    })
}

fn placement(context: &Context, inputs: &Inputs, restricted: bool) -> Placement {
    let settings = &context.settings;
    Placement {
        owner: Owner { name: inputs.execution.clone(), uid: inputs.uid.clone(), namespace: inputs.namespace.clone() },
        runner_image: settings.runner_image.clone(),
        runner_pull_policy: settings.runner_pull_policy.clone(),
        git_image: settings.git_image.clone(),
        image_volumes: *settings.image_volumes.borrow(),
        restricted,
    }
}

/// What an execution says that it tests counts before what the delivery, of which it is a hook, delivers.
fn inputs(execution: &TestExecution, attempt: u32, delivered: Option<&str>) -> Inputs {
    let metadata = &execution.metadata;
    Inputs {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        execution: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        workflow: execution.spec.workflow_ref.name.clone(),
        revision: execution.spec.revision.clone().or_else(|| delivered.map(str::to_owned)),
        config: execution.spec.config.clone(),
        config_from: execution.spec.config_from.clone(),
        attempt,
        ..Inputs::default()
    }
}

/// Whose fault it is: the workflow's, if it is wrong without the execution's
/// values too.
fn invalid(workflow: &TestWorkflow, inputs: &Inputs, missing: bool, diagnostics: &[Diagnostic]) -> Planned {
    let by_itself = has_errors(&validate_workflow(&workflow.spec, Some(&inputs.templates)));
    let about_values = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && diagnostic.path.starts_with("spec.config"));
    let reason = match (missing, about_values && !by_itself) {
        (true, _) => Reason::TemplateNotFound,
        (false, true) => Reason::ConfigInvalid,
        (false, false) => Reason::WorkflowInvalid,
    };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    Planned::Invalid { reason, diagnostics: errors.map(ToString::to_string).collect() }
}

/// What holds for what was planned.
fn terms(rendered: &Rendered) -> Terms {
    let planned = &rendered.deadlines;
    let deadlines = Deadlines {
        queue: Some(planned.queue),
        image_pull: Some(planned.image_pull),
        start: Some(planned.start),
        execution: Some(planned.execution.saturating_add(planned.after_grace)),
        pause: Some(planned.pause),
    };
    Terms { deadlines, retries: planned.infrastructure_retries }
}

/// What holds for a Job that an earlier process made, as the workflow would
/// have it now.
pub(crate) async fn terms_again(
    context: &Context,
    execution: &TestExecution,
    attempt: u32,
    delivered: Option<&str>,
) -> Result<Terms, LookError> {
    let (_, plan) = plan(context, execution, attempt, delivered).await?;
    // Nobody knows any more when the workflow is gone or has become invalid.
    Ok(plan.map(|plan| plan.terms).unwrap_or_default())
}
