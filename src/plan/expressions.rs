//! Puts values in place of the expressions of a workflow. The walk goes over
//! the manifest's own shape, so that every text is reached and every
//! diagnostic has the path that the author knows.

use std::collections::BTreeSet;

use assay_api::{ParameterType, TestWorkflowSpec};
use assay_expr::{Scope, Template};
use serde_json::Value;

use crate::diagnostic::Findings;

/// Fields of the workflow whose texts are no templates, or which are refused as a whole.
const RAW_IN_SPEC: [&str; 15] = [
    "description",
    "config",
    "timeouts",
    "use",
    "services",
    "pod",
    "job",
    "pvcs",
    "events",
    "schedule",
    "concurrency",
    "retention",
    "execution",
    "system",
    "notifications",
];
/// The same of a step.
const RAW_IN_STEP: [&str; 15] = [
    "id",
    "condition",
    "retry",
    "timeout",
    "pure",
    "paused",
    "delay",
    "use",
    "template",
    "content",
    "services",
    "execute",
    "parallel",
    "setup",
    "steps",
];
/// The same of everything below.
const RAW_BELOW: [&str; 5] = ["volumeMounts", "contentFrom", "compress", "git", "tarball"];
const STEP_LISTS: [&str; 3] = ["setup", "steps", "after"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Spec,
    Steps,
    Step,
    Below,
}

/// The workflow with all values that the scope has.
pub(crate) fn substitute(spec: &TestWorkflowSpec, scope: &Scope, findings: &mut Findings) -> TestWorkflowSpec {
    let Ok(mut value) = serde_json::to_value(spec) else { return spec.clone() };
    let free_text = free_text_names(spec);
    let mut walk = Walk { scope, free_text: &free_text, findings, changed: false };
    walk.visit(&mut value, "spec", Place::Spec);
    if !walk.changed {
        return spec.clone();
    }
    serde_json::from_value(value).unwrap_or_else(|error| {
        findings.error("spec", format!("cannot be read after its values were put in: {error}"), "");
        spec.clone()
    })
}

/// Names whose values may hold anything, also what a shell obeys.
fn free_text_names(spec: &TestWorkflowSpec) -> BTreeSet<String> {
    let texts = spec.config.iter().filter(|(_, schema)| schema.type_ == ParameterType::String);
    let open = texts.filter(|(_, schema)| schema.enum_.is_empty());
    let mut names: BTreeSet<String> = open.map(|(name, _)| format!("config.{name}")).collect();
    names.insert("execution.revision".to_owned());
    names
}

struct Walk<'a> {
    scope: &'a Scope,
    free_text: &'a BTreeSet<String>,
    findings: &'a mut Findings,
    changed: bool,
}

impl Walk<'_> {
    fn visit(&mut self, value: &mut Value, path: &str, place: Place) {
        match value {
            Value::String(text) => self.text(text, path),
            Value::Array(items) => {
                let inner = if place == Place::Steps { Place::Step } else { Place::Below };
                for (index, item) in items.iter_mut().enumerate() {
                    self.visit(item, &format!("{path}[{index}]"), inner);
                }
            }
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    if let Some(inner) = below(place, name) {
                        self.visit(field, &format!("{path}.{name}"), inner);
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &mut String, path: &str) {
        if !text.contains("{{") {
            return;
        }
        let (template, mistakes) = Template::parse(text);
        let resolved = template.resolve(self.scope);
        for mistake in mistakes.into_iter().chain(resolved.diagnostics) {
            self.findings.error(path, mistake.message, mistake.hint);
        }
        if path.ends_with(".shell") {
            self.warn_of_injection(&template, path);
        }
        self.changed = true;
        *text = resolved.text;
    }

    fn warn_of_injection(&mut self, template: &Template, path: &str) {
        let names: BTreeSet<&str> =
            template.names().map(|(name, _)| name).filter(|name| self.free_text.contains(*name)).collect();
        if let Some(first) = names.first() {
            let listed = names.iter().map(|name| format!("`{{{{ {name} }}}}`")).collect::<Vec<_>>().join(", ");
            let variable = first.rsplit('.').next().unwrap_or_default().to_uppercase();
            self.findings.warning(
                path,
                format!("{listed} becomes part of the script, and the shell obeys whatever the value holds"),
                format!("pass it as an environment variable `{variable}` and write \"${variable}\" in the script"),
            );
        }
    }
}

/// What kind of place a field is; `None` when it is left alone.
fn below(place: Place, field: &str) -> Option<Place> {
    let raw = match place {
        Place::Spec => RAW_IN_SPEC.contains(&field),
        Place::Step => RAW_IN_STEP.contains(&field),
        Place::Steps | Place::Below => RAW_BELOW.contains(&field),
    };
    match place {
        _ if raw => None,
        Place::Spec if STEP_LISTS.contains(&field) => Some(Place::Steps),
        _ => Some(Place::Below),
    }
}
