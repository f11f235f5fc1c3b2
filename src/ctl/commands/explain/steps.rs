//! The steps as a tree: what each runs, where, and under which rules.

use assay_protocol::{Action, Block, Instruction, PlanDocument, PlanFile, Section};

use super::words::{Rules, list, rules, short};
use crate::output::terminal::plain;

/// Lines of a script that are shown.
const SCRIPT: usize = 6;

/// The three lists.
pub(super) fn steps(plan: &PlanDocument) -> String {
    let mut out = String::new();
    if !plan.files.is_empty() {
        out.push_str(&format!("\nWritten into the workspace {} first:\n", plain(&plan.workspace)));
        out.extend(plan.files.iter().map(|file| format!("  {}\n", written(file))));
    }
    for (section, title) in [
        (Section::Setup, "Setup (when one fails nothing can be judged)"),
        (Section::Steps, "Steps"),
        (Section::After, "After (always)"),
    ] {
        if plan.steps.iter().any(|step| step.section == section) {
            out.push_str(&format!("\n{title}:\n"));
            list_of(plan, section, None, 1, &mut out);
        }
    }
    out
}

/// The steps and blocks directly below a block, or at the top, in their order.
fn list_of(plan: &PlanDocument, section: Section, parent: Option<u16>, depth: usize, out: &mut String) {
    let mut open: Vec<u16> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.section == section) {
        match child_of(plan, step.block, parent) {
            Some(Below::Directly) => leaf(plan, step, depth, out),
            Some(Below::In(block)) if !open.contains(&block) => {
                open.push(block);
                if let Some(block) = plan.blocks.get(usize::from(block)) {
                    head(block, depth, out);
                    // A block is never deeper than there are blocks.
                    if depth <= plan.blocks.len() + 1 {
                        list_of(plan, section, Some(block.index), depth + 1, out);
                    }
                }
            }
            Some(Below::In(_)) | None => {}
        }
    }
}

enum Below {
    /// The step stands there itself.
    Directly,
    /// It stands in this block, which stands there.
    In(u16),
}

/// How a step whose block is `inner` stands below `parent`.
fn child_of(plan: &PlanDocument, inner: Option<u16>, parent: Option<u16>) -> Option<Below> {
    if inner == parent {
        return Some(Below::Directly);
    }
    let mut at = inner?;
    for _ in 0..=plan.blocks.len() {
        let above = plan.blocks.get(usize::from(at))?.parent;
        if above == parent {
            return Some(Below::In(at));
        }
        at = above?;
    }
    None
}

fn head(block: &Block, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    out.push_str(&format!("{indent}{} [{}], all of these as one:\n", plain(&block.name), plain(&block.id)));
    let said = rules(&Rules {
        section: block.section,
        condition: &block.condition,
        retry: &block.retry,
        timeout_ms: block.timeout_ms,
        optional: block.optional,
        negative: block.negative,
        delay_ms: block.delay_ms,
        paused: block.paused,
    });
    out.extend(said.iter().map(|rule| format!("{indent}  - {rule}\n")));
}

fn leaf(plan: &PlanDocument, step: &Instruction, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let group = plan.groups.get(usize::from(step.group)).map_or("", |group| &group.container);
    out.push_str(&format!("{indent}{} [{}] in {}\n", plain(&step.name), plain(&step.id), plain(group)));
    let mut said = rules(&Rules {
        section: step.section,
        condition: &step.condition,
        retry: &step.retry,
        timeout_ms: step.timeout_ms,
        optional: step.optional,
        negative: step.negative,
        delay_ms: step.delay_ms,
        paused: step.paused,
    });
    said.extend(step.files.iter().map(|file| format!("writes {}", written(file))));
    said.extend(step.action.as_ref().map(needs).filter(|needs| !needs.is_empty()));
    if let Some(rule) = &step.artifacts {
        let paths: Vec<String> = rule.paths.iter().map(|path| plain(path)).collect();
        said.push(format!("collects {} (from {})", list(&paths), plain(&rule.working_dir)));
    }
    out.extend(said.iter().map(|rule| format!("{indent}  - {rule}\n")));
    if let Some(action) = step.action.as_ref().filter(|action| !action.argv.is_empty()) {
        out.push_str(&script(action, &indent));
    }
}

fn needs(action: &Action) -> String {
    let names: Vec<String> = action.needs.iter().map(|name| plain(name)).collect();
    if names.is_empty() { String::new() } else { format!("uses what {} gave", list(&names)) }
}

fn script(action: &Action, indent: &str) -> String {
    let lines: Vec<&str> = action.display.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = lines.iter().take(SCRIPT).map(|line| format!("{indent}    {}\n", short(line)));
    let mut out: String = shown.collect();
    if lines.len() > SCRIPT {
        out.push_str(&format!("{indent}    … {} more lines\n", lines.len() - SCRIPT));
    }
    out
}

fn written(file: &PlanFile) -> String {
    let from = match &file.from {
        Some(from) => format!("copied from {}", plain(from)),
        None => format!("{} bytes", file.content.len()),
    };
    format!("{} ({from}, mode {:04o})", plain(&file.path), file.mode)
}
