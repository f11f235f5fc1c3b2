//! What the plan says of workflows and templates. Templates may stand in any of
//! the texts, and in the cluster.

use std::collections::BTreeMap;

use assay_api::{TestWorkflow, TestWorkflowTemplateSpec};
use assay_plan::{Diagnostic, templates_used, validate_template, validate_workflow};

use crate::manifest::content::{Manifest, Subject};
use crate::manifest::finding::Finding;
use crate::manifest::places::Places;

/// Templates by name.
pub(crate) type Templates = BTreeMap<String, TestWorkflowTemplateSpec>;

/// Templates of the texts; of two with one name the last counts.
pub(crate) fn templates(manifests: &[Manifest]) -> Templates {
    let all = manifests.iter().flat_map(|manifest| &manifest.templates);
    all.filter_map(|template| Some((template.metadata.name.clone()?, template.spec.clone()))).collect()
}

/// Names of templates that workflows of the texts use and that are not at hand.
pub(crate) fn missing(manifests: &[Manifest], known: &Templates) -> Vec<String> {
    let workflows = manifests.iter().flat_map(|manifest| &manifest.workflows);
    let used = workflows.flat_map(|workflow| templates_used(&workflow.spec)).map(str::to_owned);
    let mut missing: Vec<String> = used.filter(|name| !known.contains_key(name)).collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Adds what the plan says. When the templates are `complete`, one that is not
/// among them is an error; otherwise it may be in the cluster.
pub(crate) fn judge(manifests: &mut [Manifest], known: &Templates, complete: bool) {
    let own = of_templates(manifests);
    for manifest in manifests {
        for subject in &manifest.subjects {
            let (said, places) = match subject {
                Subject::Template(at, places) => (validate_template(&manifest.templates[*at].spec), places),
                Subject::Workflow(at, places) => {
                    let workflow = &manifest.workflows[*at];
                    manifest.findings.extend(elsewhere(workflow, known, complete, places));
                    (of_workflow(workflow, known, complete), places)
                }
            };
            let new = said.into_iter().filter(|diagnostic| !is_said(diagnostic, &own));
            manifest.findings.extend(new.map(|diagnostic| {
                let spot = places.spot(&diagnostic.path);
                Finding::from_plan(diagnostic, Some(spot))
            }));
        }
        manifest.findings.sort_by_key(|finding| finding.spot);
    }
}

/// What is wrong with each template of the texts: path and message by its name.
fn of_templates(manifests: &[Manifest]) -> BTreeMap<String, Vec<(String, String)>> {
    let templates = manifests.iter().flat_map(|manifest| {
        manifest.subjects.iter().filter_map(|subject| match subject {
            Subject::Template(at, _) => manifest.templates.get(*at),
            Subject::Workflow(..) => None,
        })
    });
    let judged = templates.map(|template| {
        let said = validate_template(&template.spec).into_iter().map(|found| (found.path, found.message));
        (template.metadata.name.clone().unwrap_or_default(), said.collect())
    });
    judged.collect()
}

/// A mistake of a template is said where the template stands, not once more
/// for each workflow that uses it: `spec.use[0] (template "x") spec.steps[0]`.
fn is_said(diagnostic: &Diagnostic, own: &BTreeMap<String, Vec<(String, String)>>) -> bool {
    let Some((_, rest)) = diagnostic.path.split_once(" (template \"") else { return false };
    let Some((name, path)) = rest.split_once("\") ") else { return false };
    let known = own.get(name).into_iter().flatten();
    known.into_iter().any(|(at, message)| at == path && *message == diagnostic.message)
}

fn of_workflow(workflow: &TestWorkflow, known: &Templates, complete: bool) -> Vec<Diagnostic> {
    let at_hand = templates_used(&workflow.spec).into_iter().all(|name| known.contains_key(name));
    validate_workflow(&workflow.spec, (complete || at_hand).then_some(known))
}

fn elsewhere(workflow: &TestWorkflow, known: &Templates, complete: bool, places: &Places) -> Vec<Finding> {
    if complete {
        return Vec::new();
    }
    let mut said: Vec<&str> = Vec::new();
    let mut findings = Vec::new();
    for name in templates_used(&workflow.spec) {
        if known.contains_key(name) || said.contains(&name) {
            continue;
        }
        said.push(name);
        let message = format!("the template `{name}` is not among the files, so what it does was not checked");
        let hint = "name its file too, or look in the cluster with `--cluster`";
        let path = if workflow.spec.use_.iter().any(|used| used.name == name) { "spec.use" } else { "spec" };
        findings.push(Finding::warning(Some(places.spot(path)), path, message, hint));
    }
    findings
}
