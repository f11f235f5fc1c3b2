//! Checks of a finished plan. What they find is a mistake of this crate, not of the workflow.

use std::collections::BTreeSet;

use assay_protocol::{Block, Instruction, PROTOCOL_VERSION, PlanDocument, PlanFile, RetryRule, Section};

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
    for (position, block) in plan.blocks.iter().enumerate() {
        lint_block(plan, position, block, &mut findings);
        if !ids.insert(block.id.as_str()) {
            findings.error(format!("plan.blocks[{position}].id"), format!("`{}` is not unique", block.id), HINT);
        }
    }
    lint_order(plan, &mut findings);
    for (position, pair) in plan.steps.windows(2).enumerate() {
        if order(pair[0].section) > order(pair[1].section) {
            findings.error(format!("plan.steps[{}].section", position + 1), "comes before its section", HINT);
        }
    }
    lint_files("plan", &plan.files, &mut findings);
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
        if action.argv.is_empty() && step.files.is_empty() {
            findings.error(format!("{path}.action.argv"), "is empty", HINT);
        }
        if !action.dynamic && !action.working_dir.starts_with('/') {
            findings.error(format!("{path}.action.workingDir"), "is not absolute", HINT);
        }
        let waits = action.dynamic || step.files.iter().any(|file| file.dynamic);
        if !waits && !action.needs.is_empty() {
            findings.error(format!("{path}.action.needs"), "names steps for a text that waits for none", HINT);
        }
    }
    lint_attempts(&path, &step.retry, step.timeout_ms, findings);
    lint_files(&path, &step.files, findings);
    if let Some(block) = step.block {
        match plan.blocks.get(usize::from(block)) {
            None => findings.error(format!("{path}.block"), format!("there is no block {block}"), HINT),
            Some(holder) if holder.section != step.section => {
                findings.error(format!("{path}.section"), "is not that of its block", HINT);
            }
            Some(_) => {}
        }
    }
}

fn lint_block(plan: &PlanDocument, position: usize, block: &Block, findings: &mut Findings) {
    let path = format!("plan.blocks[{position}]");
    if usize::from(block.index) != position {
        findings.error(format!("{path}.index"), format!("is {}", block.index), HINT);
    }
    lint_attempts(&path, &block.retry, block.timeout_ms, findings);
    let Some(parent) = block.parent else { return };
    match plan.blocks.get(usize::from(parent)) {
        Some(holder) if usize::from(parent) < position => {
            if holder.section != block.section {
                findings.error(format!("{path}.section"), "is not that of its block", HINT);
            }
        }
        _ => findings.error(format!("{path}.parent"), format!("block {parent} does not stand before it"), HINT),
    }
}

fn lint_attempts(path: &str, retry: &RetryRule, timeout_ms: Option<u64>, findings: &mut Findings) {
    if retry.attempts == 0 || timeout_ms == Some(0) {
        findings.error(path, "leaves no room for an attempt", HINT);
    }
}

/// Steps of a block stand together, and blocks in the order of their first step:
/// read from the front, a block is entered once, and left for good.
fn lint_order(plan: &PlanDocument, findings: &mut Findings) {
    let mut open: Vec<usize> = Vec::new();
    let mut entered = 0;
    for (position, step) in plan.steps.iter().enumerate() {
        let around = chain(plan, step.block);
        let kept = open.iter().zip(&around).take_while(|(one, other)| one == other).count();
        open.truncate(kept);
        for block in &around[kept..] {
            if *block == entered {
                entered += 1;
            } else {
                let message = format!("block {block} is not the next one: its steps do not stand together");
                findings.error(format!("plan.steps[{position}].block"), message, HINT);
            }
            open.push(*block);
        }
    }
    for block in entered..plan.blocks.len() {
        findings.error(format!("plan.blocks[{block}]"), "holds no step", HINT);
    }
}

/// The blocks around a step, the outermost first; it ends where a parent is wrong.
fn chain(plan: &PlanDocument, block: Option<u16>) -> Vec<usize> {
    let mut chain = Vec::new();
    let mut next = block.map(usize::from);
    while let Some(block) = next.filter(|block| *block < plan.blocks.len()) {
        chain.push(block);
        next = plan.blocks[block].parent.map(usize::from).filter(|parent| *parent < block);
    }
    chain.reverse();
    chain
}

fn lint_files(path: &str, files: &[PlanFile], findings: &mut Findings) {
    let mut paths = BTreeSet::new();
    for (index, file) in files.iter().enumerate() {
        let path = format!("{path}.files[{index}].path");
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
            (|plan| plan.version = 0, &["plan.version: is 0, not 2"]),
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

    /// Steps a, b{c, d{e}, f}, g.
    fn tree() -> PlanDocument {
        let script = |id: &str| Step { id: Some(id.to_owned()), shell: Some("true".to_owned()), ..Step::default() };
        let holder = |id: &str, steps: Vec<Step>| Step { id: Some(id.to_owned()), steps, ..Step::default() };
        let inner = holder("d", vec![script("e")]);
        let steps = vec![script("a"), holder("b", vec![script("c"), inner, script("f")]), script("g")];
        let spec = TestWorkflowSpec { steps, ..TestWorkflowSpec::default() };
        compile(&resolve(&spec, &Inputs::default()), &Target::default()).document
    }

    #[test]
    fn every_fault_of_a_block_is_found() {
        let blocks: Vec<Option<u16>> = tree().steps.iter().map(|step| step.block).collect();
        assert_eq!(blocks, [None, Some(0), Some(1), Some(0), None]);
        let table: [(Break, &[&str]); 9] = [
            (|_| {}, &[]),
            (|plan| plan.blocks[1].index = 0, &["plan.blocks[1].index: is 0"]),
            (|plan| plan.blocks[1].id = "a".to_owned(), &["plan.blocks[1].id: `a` is not unique"]),
            (|plan| plan.blocks[1].retry.attempts = 0, &["plan.blocks[1]: leaves no room for an attempt"]),
            (
                |plan| plan.blocks[1].section = Section::After,
                &[
                    "plan.steps[2].section: is not that of its block",
                    "plan.blocks[1].section: is not that of its block",
                ],
            ),
            (|plan| plan.steps[4].block = Some(9), &["plan.steps[4].block: there is no block 9"]),
            (
                |plan| plan.blocks[1].parent = Some(1),
                &[
                    "plan.blocks[1].parent: block 1 does not stand before it",
                    "plan.steps[3].block: block 0 is not the next one: its steps do not stand together",
                ],
            ),
            (
                |plan| plan.steps[4].block = Some(1),
                &["plan.steps[4].block: block 1 is not the next one: its steps do not stand together"],
            ),
            (|plan| plan.steps[2].block = Some(0), &["plan.blocks[1]: holds no step"]),
        ];
        for (breaks, expected) in table {
            let mut plan = tree();
            breaks(&mut plan);
            let found: Vec<String> =
                lint(&plan).into_iter().map(|found| format!("{}: {}", found.path, found.message)).collect();
            assert_eq!(found, expected);
        }
    }
}
