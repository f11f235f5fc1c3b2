//! Handles of steps in templates: a template may be used more than once, and
//! beside steps of the same name, and each use speaks of its own steps only.

use std::collections::BTreeMap;

use assay_api::{Step, TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_expr::{Expression, Scope};

use crate::ids::{Ids, derive};

/// The handles of the workflow's own steps, also those that will be derived
/// from a name: nothing that a template brings takes them.
pub(super) fn of_workflow(spec: &TestWorkflowSpec) -> Ids {
    let mut ids = Ids::default();
    for steps in [&spec.setup, &spec.steps, &spec.after] {
        visit(steps, &mut |step| {
            if let Some(id) = handle(step) {
                ids.reserve(&id);
            }
        });
    }
    ids
}

/// New handles for the steps of one use of a template that have one of their
/// own, or are spoken of, by the handles that the template knows them by.
/// `json` is the template.
pub(super) fn choose(template: &TestWorkflowTemplateSpec, json: &str, ids: &mut Ids) -> BTreeMap<String, String> {
    let mut chosen = BTreeMap::new();
    for steps in [&template.setup, &template.steps, &template.after] {
        visit(steps, &mut |step| {
            let Some(handle) = handle(step).filter(|handle| step.id.is_some() || is_named(json, handle)) else {
                return;
            };
            chosen.entry(handle).or_insert_with_key(|handle| ids.choose(handle));
        });
    }
    chosen
}

/// Lets the expressions of a template speak of its steps by their new handles.
pub(super) fn define(chosen: &BTreeMap<String, String>, scope: &mut Scope) {
    for (handle, new) in chosen.iter().filter(|(handle, new)| handle != new) {
        let (expression, mistakes) = Expression::parse(&format!("steps.{new}"));
        if mistakes.is_empty() {
            scope.define(format!("steps.{handle}"), &expression);
            scope.define(format!("step.{handle}"), &expression);
        }
    }
}

/// Gives the steps of a template their new handles.
pub(super) fn rename(template: &mut TestWorkflowTemplateSpec, chosen: &BTreeMap<String, String>) {
    fn visit(steps: &mut [Step], chosen: &BTreeMap<String, String>) {
        for step in steps {
            if let Some(new) = handle(step).and_then(|handle| chosen.get(&handle)) {
                step.id = Some(new.clone());
            }
            visit(&mut step.setup, chosen);
            visit(&mut step.steps, chosen);
        }
    }
    for steps in [&mut template.setup, &mut template.steps, &mut template.after] {
        visit(steps, chosen);
    }
}

fn handle(step: &Step) -> Option<String> {
    step.id.clone().or_else(|| step.name.as_deref().map(derive)).filter(|handle| !handle.is_empty())
}

fn is_named(json: &str, handle: &str) -> bool {
    ["steps.", "step."].iter().any(|prefix| json.contains(&format!("{prefix}{handle}.")))
}

fn visit(steps: &[Step], to: &mut impl FnMut(&Step)) {
    for step in steps {
        to(step);
        visit(&step.setup, to);
        visit(&step.steps, to);
    }
}
