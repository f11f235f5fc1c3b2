//! Rules of steps: that each does one thing, has a place to run, and a handle of its own.

use std::collections::{BTreeMap, BTreeSet};

use assay_api::{Step, StepRun, TestWorkflowSpec};
use assay_expr::{Expression, parse_condition};

use super::{artifacts, container, durations};
use crate::command::Command;
use crate::container::merge;
use crate::diagnostic::Findings;
use crate::expressions::{LateText, is_word, with_environment};
use crate::flat::{Flat, FlatStep, Work, flatten, is_block, starts};
use crate::ids::ID_LENGTH;
use crate::tree::{Excess, MAX_DEPTH, MAX_INHERITED, MAX_STEPS, Node, sections, tree, written};

/// Steps that each list may have, as the definition in the cluster says.
const MOST: [(&str, usize); 3] = [("setup", 100), ("steps", 200), ("after", 100)];
/// The same of nested lists.
const MOST_NESTED: usize = 100;

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    if !findings.is_partial() && sections(spec).iter().all(|(_, _, steps)| steps.is_empty()) {
        findings.error("spec.steps", "the workflow has no steps", "add a step with `shell` or `run`");
    }
    check_counts(spec, findings);
    let grown = tree(spec);
    if let Some(excess) = &grown.excess {
        refuse(excess, findings);
    }
    let flat = flatten(spec, tree(spec));
    let homeless = homeless(&flat);
    if homeless.contains("spec") && !findings.is_partial() {
        let message = "no image says where the files of the workflow are written";
        findings.error("spec.container.image", message, "set it");
    }
    for node in grown.nodes() {
        check_step(node, homeless.contains(&node.path), findings);
    }
    check_ids(&grown.nodes(), findings);
}

fn check_counts(spec: &TestWorkflowSpec, findings: &mut Findings) {
    for ((list, _, steps), (_, most)) in sections(spec).into_iter().zip(MOST) {
        check_count(&format!("spec.{list}"), steps, most, findings);
    }
    for (path, step) in written(spec) {
        check_count(&format!("{path}.setup"), &step.setup, MOST_NESTED, findings);
        check_count(&format!("{path}.steps"), &step.steps, MOST_NESTED, findings);
    }
}

fn check_count(path: &str, steps: &[Step], most: usize, findings: &mut Findings) {
    if steps.len() > most {
        findings.error(path, format!("{} steps are too many", steps.len()), format!("at most {most} are possible"));
    }
}

fn refuse(excess: &Excess, findings: &mut Findings) {
    match excess {
        Excess::Depth(path) => {
            let message = format!("steps are nested more than {MAX_DEPTH} deep");
            findings.error(path, message, "take some of them out of what is around them");
        }
        Excess::Steps => {
            let message = format!("the workflow has more than {MAX_STEPS} steps, counting nested ones");
            findings.error("spec.steps", message, "split it into several workflows");
        }
        Excess::Inherited => {
            let message = format!("the steps inherit more than {MAX_INHERITED} bytes of settings in all");
            findings.error("spec.container", message, "give large values only to the steps that need them");
        }
    }
}

/// Paths of the steps that have an instruction with no image to run in. Files
/// are written in the container of a command, if there is one.
fn homeless(flat: &Flat<'_>) -> BTreeSet<String> {
    let has_command = flat.steps.iter().any(|step| matches!(step.work, Work::Run { .. }));
    let needs_image = |step: &&FlatStep<'_>| match step.work {
        Work::Run { .. } => true,
        Work::Collect(_) => !step.follows,
        Work::Write(_) => !has_command,
        Work::Clone(_) | Work::Fetch(_) => false,
    };
    let needing = flat.steps.iter().filter(needs_image);
    needing.filter(|step| step.container.image.is_none()).map(|step| step.path.clone()).collect()
}

fn check_step(node: &Node<'_>, is_homeless: bool, findings: &mut Findings) {
    let (path, step) = (node.path.as_str(), node.step);
    check_condition(node, findings);
    durations::check_step(path, step, findings);
    if let Some(own) = &step.container {
        container::check(&format!("{path}.container"), own, findings);
    }
    if let Some(run) = &step.run {
        container::check(&format!("{path}.run"), &run.container(), findings);
    }
    if let Some(rule) = &step.artifacts {
        artifacts::check(&format!("{path}.artifacts"), rule, findings);
        let folder = node.container.working_dir.as_deref().unwrap_or_default();
        if rule.working_dir.is_none() && LateText::of(folder).waits_for_steps() {
            let message = format!("the globs count from `{folder}`, which is known only where the step runs");
            findings.error(format!("{path}.artifacts.workingDir"), message, "name the folder here");
        }
    }
    check_action(node, findings);
    if is_homeless && !findings.is_partial() {
        let field = if step.run.is_some() { "run" } else { "container" };
        findings.error(
            format!("{path}.{field}.image"),
            "no image says where the step runs",
            "set it here, or for all steps in spec.container.image",
        );
    }
}

/// What is wrong with an expression by itself was said when it was resolved.
fn check_condition(node: &Node<'_>, findings: &mut Findings) {
    let Some(text) = &node.step.condition else { return };
    let path = format!("{}.condition", node.path);
    if is_word(text) {
        if let Err(mistake) = parse_condition(text) {
            findings.error(path, mistake.message, mistake.hint);
        }
        return;
    }
    let (expression, mistakes) = Expression::parse(text);
    if mistakes.is_empty() {
        let own = node.step.run.as_ref().filter(|_| !is_block(node.step)).map(StepRun::container);
        let container = own.map_or_else(|| node.container.clone(), |own| merge(&node.container, &own));
        for (message, hint) in with_environment(&expression, &container.env).1 {
            findings.error(&path, message, hint);
        }
    }
}

fn check_action(node: &Node<'_>, findings: &mut Findings) {
    let (path, step) = (node.path.as_str(), node.step);
    if step.shell.is_some() && step.run.is_some() {
        findings.error(path, "the step has both `shell` and `run`", "keep one, or write two steps");
    }
    check_script(&format!("{path}.shell"), step.shell.as_deref(), findings);
    let Some(run) = &step.run else {
        if !does_something(step) {
            findings.error(path, "the step does nothing", "give it `shell`, `run`, `artifacts` or nested `steps`");
        }
        return;
    };
    check_script(&format!("{path}.run.shell"), run.shell.as_deref(), findings);
    if run.shell.is_some() && (run.command.is_some() || run.args.is_some()) {
        let message = "`shell` and `command` both say what to run";
        findings.error(format!("{path}.run"), message, "keep one of them");
    }
    let container = merge(&node.container, &run.container());
    if step.shell.is_none() && run.shell.is_none() && Command::of(step, &container).is_none() && !findings.is_partial()
    {
        let with = if container.args.is_some() { "`args` without `command`" } else { "no command" };
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

/// Whether the step does anything, or would do something that is refused elsewhere.
fn does_something(step: &Step) -> bool {
    let content = step.content.as_ref();
    let brings = content
        .is_some_and(|content| content.git.is_some() || !content.tarball.is_empty() || !content.files.is_empty());
    let nested = !step.steps.is_empty() || !step.setup.is_empty();
    let by_template = step.template.is_some() || !step.use_.is_empty();
    let refused = step.execute.is_some() || step.parallel.is_some();
    starts(step) || step.artifacts.is_some() || brings || nested || by_template || refused
}

fn check_ids(nodes: &[&Node<'_>], findings: &mut Findings) {
    let mut first: BTreeMap<&str, &str> = BTreeMap::new();
    for step in nodes.iter().filter(|node| node.step.id.is_some()) {
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
