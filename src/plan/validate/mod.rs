//! The rules of a workflow. All are applied, all findings are collected, and
//! nothing here fails: each rule says what is wrong with which value, and what
//! would be right.

mod artifacts;
mod budget;
mod container;
mod content;
mod durations;
mod env;
mod git;
mod later;
mod mounts;
mod pod;
mod quantity;
mod references;
mod steps;
mod syntax;

use crate::diagnostic::Findings;
use crate::{Diagnostic, Resolved, has_errors};

pub use budget::{MAX_CONTAINERS, MAX_PLAN_BYTES};

/// Everything that is wrong with a resolved workflow, or looks so; what its
/// resolution found comes first.
pub fn validate(resolved: &Resolved) -> Vec<Diagnostic> {
    let spec = &resolved.spec;
    let mut findings = Findings::resumed(resolved.diagnostics.clone(), resolved.inputs.is_some(), resolved.partial);
    let said = findings.list.len();
    later::check(spec, &mut findings);
    content::check(spec, &mut findings);
    git::check(spec, &mut findings);
    if let Some(container) = &spec.container {
        container::check("spec.container", container, &mut findings);
    }
    let settings = pod::check(spec, &mut findings);
    mounts::check(spec, &settings, &mut findings);
    durations::check_workflow(spec, &mut findings);
    steps::check(spec, &mut findings);
    references::check(resolved, &mut findings);
    if !has_errors(&findings.list) {
        budget::check(resolved, &mut findings);
    }
    // The rules look at the merged workflow; its author wrote parts of it elsewhere.
    for diagnostic in &mut findings.list[said..] {
        diagnostic.path = resolved.origins.of(&diagnostic.path);
        diagnostic.message = resolved.origins.in_message(&diagnostic.message);
    }
    findings.list
}
