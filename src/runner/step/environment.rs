//! The environment of a step's process.

use std::path::Path;

use assay_api::names::env;
use assay_protocol::{Action, Instruction, PlanDocument};
use rustix::fs::{Access, access};

/// Variables that every step has beside the container's own; those of its action follow them.
pub(super) fn of_every_step(
    plan: &PlanDocument,
    step: &Instruction,
    attempt: u32,
    outputs: &Path,
) -> Vec<(String, String)> {
    let identity = &plan.execution;
    let mut variables = vec![
        (env::EXECUTION, identity.name.clone()),
        (env::NAMESPACE, identity.namespace.clone()),
        (env::WORKFLOW, identity.workflow.clone()),
        (env::STEP, step.name.clone()),
        (env::STEP_ATTEMPT, attempt.to_string()),
        (env::OUTPUTS, outputs.display().to_string()),
    ];
    variables.extend(identity.revision.clone().map(|revision| (env::REVISION, revision)));
    if !step.action.as_ref().is_some_and(has_home) {
        variables.push(("HOME", plan.workspace.clone()));
    }
    variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Many tools stop when they cannot write below HOME, which is the rule for
/// arbitrary users.
fn has_home(action: &Action) -> bool {
    if action.env.iter().any(|(name, _)| name == "HOME") {
        return true;
    }
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    home.is_some_and(|home| access(Path::new(&home), Access::WRITE_OK).is_ok())
}
