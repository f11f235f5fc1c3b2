//! From the workflow, as it stands now, to what is applied.

use std::time::Duration;

use assay_api::{Reason, TestExecution, TestWorkflow};
use assay_lifecycle::{PlanFacts, Planned};
use assay_plan::{
    AFTER_GRACE, DEFAULT_EXECUTION_TIMEOUT, DEFAULT_GIT_IMAGE, DEFAULT_START_TIMEOUT, Diagnostic, Inputs, Owner, Placement, Rendered,
    Severity, Target, has_errors, plan_execution, validate_workflow,
};

use super::facts::ATTEMPT;
use super::memory::Deadlines;
use crate::context::Context;
use crate::failure::LookError;

/// Plans an execution. The workflow is asked for, not taken from a watch: an
/// execution made right after an edit of its workflow means the edited one.
pub(crate) async fn plan(
    context: &Context,
    execution: &TestExecution,
) -> Result<(Planned, Option<Box<Rendered>>), LookError> {
    let metadata = &execution.metadata;
    let namespace = metadata.namespace.as_deref().unwrap_or_default();
    let name = &execution.spec.workflow_ref.name;
    let (workflow, restricted) = tokio::try_join!(
        context.cluster.get::<TestWorkflow>(namespace, name),
        context.cluster.namespace_is_restricted(namespace),
    )?;
    let Some(workflow) = workflow else { return Ok((Planned::WorkflowMissing, None)) };
    let workflow_labels = workflow.metadata.labels.clone().unwrap_or_default();
    let inputs = Inputs { workflow_labels, ..inputs(execution) };
    let target = Target { server: Some(context.settings.server.clone()) };
    let placement = Placement {
        owner: Owner { name: inputs.execution.clone(), uid: inputs.uid.clone(), namespace: inputs.namespace.clone() },
        runner_image: context.settings.runner_image.clone(),
        runner_pull_policy: context.settings.runner_pull_policy.clone(),
        git_image: DEFAULT_GIT_IMAGE.to_owned(),
        image_volumes: *context.settings.image_volumes.borrow(),
        restricted,
    };
    Ok(match plan_execution(&workflow.spec, &inputs, &target, &placement) {
        Ok(outcome) => {
            let facts = PlanFacts { hash: outcome.rendered.plan_hash.clone() };
            (Planned::Ready(facts), Some(Box::new(outcome.rendered)))
        }
        Err(diagnostics) => (invalid(&workflow, &diagnostics), None),
    })
}

fn inputs(execution: &TestExecution) -> Inputs {
    let metadata = &execution.metadata;
    Inputs {
        namespace: metadata.namespace.clone().unwrap_or_default(),
        execution: metadata.name.clone().unwrap_or_default(),
        uid: metadata.uid.clone().unwrap_or_default(),
        workflow: execution.spec.workflow_ref.name.clone(),
        revision: execution.spec.revision.clone(),
        config: execution.spec.config.clone(),
        config_from: execution.spec.config_from.clone(),
        attempt: ATTEMPT,
        ..Inputs::default()
    }
}

/// Whose fault it is: the workflow's, if it is wrong without the execution's
/// values too.
fn invalid(workflow: &TestWorkflow, diagnostics: &[Diagnostic]) -> Planned {
    let by_itself = has_errors(&validate_workflow(&workflow.spec, None));
    let about_values = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error && diagnostic.path.starts_with("spec.config"));
    let reason = if about_values && !by_itself { Reason::ConfigInvalid } else { Reason::WorkflowInvalid };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
    Planned::Invalid { reason, diagnostics: errors.map(ToString::to_string).collect() }
}

/// The deadlines of what was planned.
pub(crate) fn deadlines(rendered: &Rendered) -> Deadlines {
    Deadlines {
        start: Some(rendered.deadlines.start),
        execution: Some(rendered.deadlines.execution.saturating_add(AFTER_GRACE)),
    }
}

/// The deadlines as the workflow gives them now, for a Job that an earlier
/// process made.
pub(crate) async fn deadlines_again(context: &Context, execution: &TestExecution) -> Result<Deadlines, LookError> {
    let namespace = execution.metadata.namespace.as_deref().unwrap_or_default();
    let workflow = context.cluster.get::<TestWorkflow>(namespace, &execution.spec.workflow_ref.name).await?;
    let Some(workflow) = workflow else { return Ok(Deadlines { start: None, execution: None }) };
    let timeouts = workflow.spec.timeouts.unwrap_or_default();
    let limit = |text: Option<assay_api::DurationText>, default: Duration| {
        text.and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    Ok(Deadlines {
        start: Some(limit(timeouts.start, DEFAULT_START_TIMEOUT)),
        execution: Some(limit(timeouts.execution, DEFAULT_EXECUTION_TIMEOUT).saturating_add(AFTER_GRACE)),
    })
}
