//! Workflows and templates judged by themselves, when no execution is at hand.

use std::collections::BTreeMap;

use assay_api::{TestWorkflowSpec, TestWorkflowTemplateSpec};

use crate::resolve::{Resolved, resolve_alone};
use crate::templates::{NESTED, uses};
use crate::{Diagnostic, Severity, validate};

/// Everything that is wrong with a workflow, or looks so: missing values of
/// parameters are no mistakes, unknown names are. Without `templates` (those
/// that it uses, see [`crate::templates_used`], or all that there are) nothing
/// is said about the templates that it names.
pub fn validate_workflow(
    spec: &TestWorkflowSpec,
    templates: Option<&BTreeMap<String, TestWorkflowTemplateSpec>>,
) -> Vec<Diagnostic> {
    validate(&resolve_alone(spec, templates))
}

/// Everything that is wrong with a template, or looks so. It is judged by the
/// rules of a workflow, except that what its user adds (steps, an image) need
/// not be there, and that it cannot use templates.
pub fn validate_template(spec: &TestWorkflowTemplateSpec) -> Vec<Diagnostic> {
    let mut nested = Vec::new();
    for (list, steps) in [("setup", &spec.setup), ("steps", &spec.steps), ("after", &spec.after)] {
        nested.extend(uses(steps, &format!("spec.{list}")));
    }
    let nested = nested.into_iter().map(|path| Diagnostic {
        severity: Severity::Error,
        path,
        message: NESTED.0.to_owned(),
        hint: NESTED.1.to_owned(),
    });
    let resolved = resolve_alone(&as_workflow(spec), None);
    let diagnostics = nested.chain(resolved.diagnostics.iter().cloned()).collect();
    validate(&Resolved { diagnostics, partial: true, ..resolved })
}

fn as_workflow(spec: &TestWorkflowTemplateSpec) -> TestWorkflowSpec {
    let TestWorkflowTemplateSpec { description, config, content, container, timeouts, pod, job, setup, steps, after } =
        spec.clone();
    TestWorkflowSpec {
        description,
        config,
        content,
        container,
        timeouts,
        pod,
        job,
        setup,
        steps,
        after,
        ..TestWorkflowSpec::default()
    }
}
