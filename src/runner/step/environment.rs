//! The environment of a step's process.

use std::path::Path;

use assay_api::names::env;
use assay_protocol::{Action, Instruction, PlanDocument};
use rustix::fs::{Access, access};

/// Git refuses to work in what another user cloned, and who cloned is another
/// container. It reads settings from the environment, so no file is touched.
const TRUST_REPOSITORIES: [(&str, &str); 3] =
    [(GIT_CONFIG_COUNT, "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")];
const GIT_CONFIG_COUNT: &str = "GIT_CONFIG_COUNT";

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
    if plan.steps.iter().any(|step| step.fetches) && !step.action.as_ref().is_some_and(configures_git) {
        variables.extend(TRUST_REPOSITORIES.map(|(name, value)| (name, value.to_owned())));
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

/// Whose image or step speaks to Git in this way already knows better.
fn configures_git(action: &Action) -> bool {
    action.env.iter().any(|(name, _)| name == GIT_CONFIG_COUNT) || std::env::var_os(GIT_CONFIG_COUNT).is_some()
}
