//! The templates that a workflow uses.

use std::collections::BTreeMap;

use assay_api::{TestWorkflowSpec, TestWorkflowTemplate, TestWorkflowTemplateSpec};
use assay_plan::templates_used;

use crate::context::Context;
use crate::failure::LookError;

/// What came of fetching them.
#[derive(Debug, Default)]
pub(crate) struct Used {
    /// Those that are there, by name.
    pub(crate) found: BTreeMap<String, TestWorkflowTemplateSpec>,
    /// One of them does not exist. `assay-plan` says which, and where it is used.
    pub(crate) missing: bool,
}

/// Fetches the templates of a workflow. They are asked for, like the workflow.
pub(crate) async fn fetch(context: &Context, namespace: &str, spec: &TestWorkflowSpec) -> Result<Used, LookError> {
    let mut used = Used::default();
    for name in templates_used(spec) {
        match context.cluster.get::<TestWorkflowTemplate>(namespace, name).await? {
            Some(template) => drop(used.found.insert(name.to_owned(), template.spec)),
            None => used.missing = true,
        }
    }
    Ok(used)
}
