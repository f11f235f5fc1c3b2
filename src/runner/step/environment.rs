//! The environment of a step's process.

use std::path::Path;

use assay_api::names::env;
use assay_protocol::{Action, Instruction, PlanDocument};
use rustix::fs::{Access, access};

/// Variables added to the container's own, in order: a later one wins.
pub(super) fn additions(
    plan: &PlanDocument,
    step: &Instruction,
    action: &Action,
    attempt: u32,
) -> Vec<(String, String)> {
    let identity = &plan.execution;
    let mut variables = vec![
        (env::EXECUTION, identity.name.clone()),
        (env::NAMESPACE, identity.namespace.clone()),
        (env::WORKFLOW, identity.workflow.clone()),
        (env::STEP, step.name.clone()),
        (env::STEP_ATTEMPT, attempt.to_string()),
    ];
    variables.extend(identity.revision.clone().map(|revision| (env::REVISION, revision)));
    let mut variables: Vec<(String, String)> =
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    if !has_home(action) {
        variables.push(("HOME".to_owned(), plan.workspace.clone()));
    }
    variables.extend(action.env.iter().cloned());
    variables
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
