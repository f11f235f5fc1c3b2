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
