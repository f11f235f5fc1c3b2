//! All of it in one call: from a workflow and an execution to what is applied.

use assay_api::TestWorkflowSpec;

use crate::{
    Diagnostic, Inputs, Placement, Rendered, Target, compile, has_errors, lint, render, render::refuse_restricted,
    resolve, validate,
};

/// What is applied, and what is to be said about it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The objects.
    pub rendered: Rendered,
    /// What is probably not as meant.
    pub warnings: Vec<Diagnostic>,
}

/// Plans an execution.
///
/// # Errors
/// Every diagnostic, warnings among them, when at least one is an error.
pub fn plan_execution(
    spec: &TestWorkflowSpec,
    inputs: &Inputs,
    target: &Target,
    placement: &Placement,
) -> Result<Outcome, Vec<Diagnostic>> {
    let resolved = resolve(spec, inputs);
    let mut diagnostics = validate(&resolved);
    if placement.restricted {
        let refused = refuse_restricted(&resolved.spec).into_iter();
        diagnostics.extend(refused.map(|found| Diagnostic { path: resolved.origins.of(&found.path), ..found }));
    }
    if has_errors(&diagnostics) {
        return Err(diagnostics);
    }
    let compiled = compile(&resolved, target);
    diagnostics.extend(lint(&compiled.document));
    if has_errors(&diagnostics) {
        return Err(diagnostics);
    }
    Ok(Outcome { rendered: render(&compiled, placement), warnings: diagnostics })
}
