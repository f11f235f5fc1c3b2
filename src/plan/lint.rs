//! Checks of a finished plan. What they find is a mistake of this crate, not of the workflow.

use std::collections::BTreeSet;

use assay_protocol::{Instruction, PROTOCOL_VERSION, PlanDocument, Section};

use crate::Diagnostic;
use crate::diagnostic::Findings;
use crate::path::is_below_workspace;

const HINT: &str = "this is a bug of Assay, please report it with the workflow";

/// Everything that a runner could not obey.
pub fn lint(plan: &PlanDocument) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    if plan.version != PROTOCOL_VERSION {
        findings.error("plan.version", format!("is {}, not {PROTOCOL_VERSION}", plan.version), HINT);
    }
    lint_groups(plan, &mut findings);
    let mut ids = BTreeSet::new();
    for (position, step) in plan.steps.iter().enumerate() {
        lint_step(plan, position, step, &mut findings);
        if !ids.insert(step.id.as_str()) {
            findings.error(format!("plan.steps[{position}].id"), format!("`{}` is not unique", step.id), HINT);
        }
    }
    for (position, pair) in plan.steps.windows(2).enumerate() {
        if order(pair[0].section) > order(pair[1].section) {
            findings.error(format!("plan.steps[{}].section", position + 1), "comes before its section", HINT);
        }
    }
    lint_files(plan, &mut findings);
    findings.list
}

fn lint_groups(plan: &PlanDocument, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for (index, group) in plan.groups.iter().enumerate() {
        let path = format!("plan.groups[{index}]");
        if !plan.steps.iter().any(|step| usize::from(step.group) == index) {
            findings.error(&path, "no step uses it", HINT);
        }
        if !names.insert(&group.container) {
            findings.error(&path, format!("the container `{}` is there twice", group.container), HINT);
        }
    }
}

fn lint_step(plan: &PlanDocument, position: usize, step: &Instruction, findings: &mut Findings) {
    let path = format!("plan.steps[{position}]");
    if usize::from(step.index) != position {
        findings.error(format!("{path}.index"), format!("is {}", step.index), HINT);
    }
    if usize::from(step.group) >= plan.groups.len() {
        findings.error(format!("{path}.group"), format!("there is no group {}", step.group), HINT);
    }
    if step.action.is_none() && step.artifacts.is_none() {
        findings.error(&path, "does nothing", HINT);
    }
    if let Some(action) = &step.action {
        if action.argv.is_empty() {
            findings.error(format!("{path}.action.argv"), "is empty", HINT);
        }
        if !action.working_dir.starts_with('/') {
            findings.error(format!("{path}.action.workingDir"), "is not absolute", HINT);
        }
    }
    if step.retry.attempts == 0 || step.timeout_ms == Some(0) {
        findings.error(&path, "leaves no room for an attempt", HINT);
    }
}

fn lint_files(plan: &PlanDocument, findings: &mut Findings) {
    let mut paths = BTreeSet::new();
    for (index, file) in plan.files.iter().enumerate() {
        let path = format!("plan.files[{index}].path");
        if !is_below_workspace(&file.path) {
            findings.error(&path, format!("`{}` lies outside the workspace", file.path), HINT);
        }
        if !paths.insert(&file.path) {
            findings.error(&path, format!("`{}` is there twice", file.path), HINT);
        }
    }
}

fn order(section: Section) -> u8 {
    match section {
        Section::Setup => 0,
        Section::Steps => 1,
        Section::After => 2,
    }
}

#[cfg(test)]
mod tests {
    use assay_api::{Content, ContentFile, Step, TestWorkflowSpec};

    use super::*;
    use crate::{Inputs, Target, compile, resolve};

    type Break = fn(&mut PlanDocument);

    fn plan() -> PlanDocument {
        let file = |path: &str| ContentFile { path: path.to_owned(), ..ContentFile::default() };
        let step = Step { shell: Some("true".to_owned()), ..Step::default() };
        let spec = TestWorkflowSpec {
            content: Some(Content { files: vec![file("a"), file("b")], ..Content::default() }),
            setup: vec![step.clone()],
            steps: vec![step],
            ..TestWorkflowSpec::default()
        };
        compile(&resolve(&spec, &Inputs::default()), &Target::default()).document
    }

    /// What is found in a plan after one thing in it was broken.
    fn found(breaks: Break) -> Vec<String> {
        let mut plan = plan();
        breaks(&mut plan);
        lint(&plan).into_iter().map(|found| format!("{}: {}", found.path, found.message)).collect()
    }

    #[test]
    fn a_sound_plan_has_no_faults() {
        assert_eq!(found(|_| {}), [""; 0]);
    }

    #[test]
    fn every_fault_is_found() {
        let table: [(Break, &[&str]); 12] = [
            (|plan| plan.version = 0, &["plan.version: is 0, not 1"]),
            (|plan| plan.steps[1].index = 7, &["plan.steps[1].index: is 7"]),
            (|plan| plan.steps[1].group = 1, &["plan.steps[1].group: there is no group 1"]),
            (|plan| plan.steps[1].id = "setup_1".to_owned(), &["plan.steps[1].id: `setup_1` is not unique"]),
            (|plan| plan.steps[0].section = Section::After, &["plan.steps[1].section: comes before its section"]),
            (|plan| plan.steps[0].action = None, &["plan.steps[0]: does nothing"]),
            (|plan| plan.steps[0].retry.attempts = 0, &["plan.steps[0]: leaves no room for an attempt"]),
            (|plan| plan.steps[0].timeout_ms = Some(0), &["plan.steps[0]: leaves no room for an attempt"]),
            (
                |plan| plan.files[0].path = "/etc/a".to_owned(),
                &["plan.files[0].path: `/etc/a` lies outside the workspace"],
            ),
            (|plan| plan.files[0].path = "/data/b".to_owned(), &["plan.files[1].path: `/data/b` is there twice"]),
            (
                |plan| plan.groups.push(plan.groups[0].clone()),
                &["plan.groups[1]: no step uses it", "plan.groups[1]: the container `group-0` is there twice"],
            ),
            (
                |plan| {
                    let action = plan.steps[0].action.as_mut().expect("a step that starts something");
                    action.argv.clear();
                    action.working_dir = "data".to_owned();
                },
                &["plan.steps[0].action.argv: is empty", "plan.steps[0].action.workingDir: is not absolute"],
            ),
        ];
        for (breaks, expected) in table {
            assert_eq!(found(breaks), expected);
        }
    }
}
