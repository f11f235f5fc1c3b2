//! Which templates a workflow names.

use std::collections::BTreeSet;

use assay_api::{Step, TemplateRef, TestWorkflowSpec};

/// The names of all templates that a workflow uses, at every depth, each once
/// and in the order of their first use. They are in the workflow's namespace.
pub fn templates_used(spec: &TestWorkflowSpec) -> Vec<&str> {
    let mut used: Vec<&TemplateRef> = spec.use_.iter().collect();
    for steps in [&spec.setup, &spec.steps, &spec.after] {
        visit(steps, "", &mut |step, _| used.extend(step.use_.iter().chain(&step.template)));
    }
    let mut seen = BTreeSet::new();
    let names = used.into_iter().map(|reference| reference.name.as_str());
    names.filter(|name| seen.insert(*name)).collect()
}

/// Where steps name templates: the paths below `path`.
pub(crate) fn uses(steps: &[Step], path: &str) -> Vec<String> {
    let mut found = Vec::new();
    visit(steps, path, &mut |step, path| {
        found.extend((!step.use_.is_empty()).then(|| format!("{path}.use")));
        found.extend(step.template.is_some().then(|| format!("{path}.template")));
    });
    found
}

/// Visits steps of every depth, with their paths.
fn visit<'a>(steps: &'a [Step], path: &str, to: &mut impl FnMut(&'a Step, &str)) {
    for (index, step) in steps.iter().enumerate() {
        let path = format!("{path}[{index}]");
        to(step, &path);
        visit(&step.setup, &format!("{path}.setup"), to);
        visit(&step.steps, &format!("{path}.steps"), to);
    }
}
