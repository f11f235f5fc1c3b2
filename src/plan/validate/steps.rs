//! Rules of steps: that each does one thing, has a place to run, and a handle of its own.

use std::collections::BTreeMap;

use assay_api::{Step, TestWorkflowSpec};
use assay_expr::parse_condition;

use super::{artifacts, container, durations};
use crate::diagnostic::Findings;
use crate::flat::{FlatStep, flatten, sections};

/// Steps that each list may have, as the definition in the cluster says.
const MOST: [(&str, usize); 3] = [("setup", 100), ("steps", 200), ("after", 100)];
const ID_LENGTH: usize = 63;

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    let lists = sections(spec);
    if lists.iter().all(|(_, _, steps)| steps.is_empty()) {
        findings.error("spec.steps", "the workflow has no steps", "add a step with `shell` or `run`");
    }
    for ((list, _, steps), (_, most)) in lists.into_iter().zip(MOST) {
        if steps.len() > most {
            findings.error(format!("spec.{list}"), format!("{} steps are too many", steps.len()), at_most(most));
        }
    }
    let flat = flatten(spec);
    for step in &flat {
        check_step(step, findings);
    }
    check_ids(&flat, findings);
}

fn at_most(most: usize) -> String {
    format!("at most {most} are possible")
}

fn check_step(flat: &FlatStep<'_>, findings: &mut Findings) {
    let (path, step) = (flat.path.as_str(), flat.step);
    if let Some(Err(mistake)) = step.condition.as_deref().map(parse_condition) {
        findings.error(format!("{path}.condition"), mistake.message, mistake.hint);
    }
    durations::check_step(path, step, findings);
    if let Some(own) = &step.container {
        container::check(&format!("{path}.container"), own, findings);
    }
    if let Some(run) = &step.run {
        container::check(&format!("{path}.run"), &run.container(), findings);
    }
    if let Some(rule) = &step.artifacts {
        artifacts::check(&format!("{path}.artifacts"), rule, findings);
    }
    check_action(flat, findings);
    if starts(step) || (flat.collects_only && !flat.follows) {
        check_image(flat, findings);
    }
}

fn starts(step: &Step) -> bool {
    step.shell.is_some() || step.run.is_some()
}

fn check_action(flat: &FlatStep<'_>, findings: &mut Findings) {
    let (path, step) = (flat.path.as_str(), flat.step);
    if step.shell.is_some() && step.run.is_some() {
        findings.error(path, "the step has both `shell` and `run`", "keep one, or write two steps");
    }
    check_script(&format!("{path}.shell"), step.shell.as_deref(), findings);
    let Some(run) = &step.run else {
        if step.shell.is_none() && step.artifacts.is_none() && !is_refused(step) {
            findings.error(path, "the step does nothing", "give it `shell`, `run` or `artifacts`");
        }
        return;
    };
    check_script(&format!("{path}.run.shell"), run.shell.as_deref(), findings);
    if run.shell.is_some() && (run.command.is_some() || run.args.is_some()) {
        let message = "`shell` and `command` both say what to run";
        findings.error(format!("{path}.run"), message, "keep one of them");
    }
    if step.shell.is_none() && run.shell.is_none() && flat.command.is_none() {
        let with = if flat.container.args.is_some() { "`args` without `command`" } else { "no command" };
        findings.error(
            format!("{path}.run"),
            format!("{with}: the image's own entrypoint is not known before the pod runs"),
            "give it `command` (with `args`) or `shell`",
        );
    }
}

fn check_script(path: &str, script: Option<&str>, findings: &mut Findings) {
    if script.is_some_and(|script| script.trim().is_empty()) {
        findings.error(path, "the script is empty", "write the commands to run, or remove the step");
    }
}

/// Whether the step would do something that is refused elsewhere.
fn is_refused(step: &Step) -> bool {
    let later = [&step.execute, &step.parallel];
    let more = !step.steps.is_empty() || !step.setup.is_empty() || step.template.is_some() || step.content.is_some();
    more || later.into_iter().any(Option::is_some)
}

fn check_image(flat: &FlatStep<'_>, findings: &mut Findings) {
    if flat.container.image.is_none() {
        let field = if flat.step.run.is_some() { "run" } else { "container" };
        findings.error(
            format!("{}.{field}.image", flat.path),
            "no image says where the step runs",
            "set it here, or for all steps in spec.container.image",
        );
    }
}

fn check_ids(flat: &[FlatStep<'_>], findings: &mut Findings) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for step in flat.iter().filter(|flat| flat.step.id.is_some()) {
        let path = format!("{}.id", step.path);
        let right = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if step.id.is_empty() || step.id.len() > ID_LENGTH || !step.id.chars().all(right) {
            let hint = format!("use small letters, digits and `_`, at most {ID_LENGTH}");
            findings.error(&path, format!("`{}` cannot be a handle", step.id), hint);
        }
        match first.get(step.id.as_str()) {
            Some(other) => findings.error(
                &path,
                format!("`{}` is already the id of {other}", step.id),
                "give each step an id of its own, or none",
            ),
            None => {
                first.insert(&step.id, &step.path);
            }
        }
    }
}
