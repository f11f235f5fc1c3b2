//! The workflow with values in place of its expressions.

use assay_api::TestWorkflowSpec;

use crate::diagnostic::Findings;
use crate::expressions::substitute;
use crate::{Diagnostic, Inputs, config};

/// A workflow whose expressions have their values.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The workflow. A text whose value is not known stands as it was written.
    pub spec: TestWorkflowSpec,
    /// The execution; absent when the workflow is looked at alone.
    pub inputs: Option<Inputs>,
    /// What is wrong with parameters, values and expressions.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves a workflow for an execution. Never fails; read the diagnostics.
pub fn resolve(spec: &TestWorkflowSpec, inputs: &Inputs) -> Resolved {
    resolve_with(spec, Some(inputs))
}

/// Resolves a workflow for no execution: names that only an execution fills
/// are known but stay as written.
pub(crate) fn resolve_alone(spec: &TestWorkflowSpec) -> Resolved {
    resolve_with(spec, None)
}

fn resolve_with(spec: &TestWorkflowSpec, inputs: Option<&Inputs>) -> Resolved {
    let mut findings = Findings::default();
    let scope = config::scope(spec, inputs, &mut findings);
    let spec = substitute(spec, &scope, &mut findings);
    Resolved { spec, inputs: inputs.cloned(), diagnostics: findings.list }
}
