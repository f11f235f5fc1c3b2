//! The templates at hand: found by name, resolved with the values of a
//! reference, and bounded in number and size.

use std::collections::BTreeMap;

use assay_api::{TemplateRef, TestWorkflowTemplateSpec};
use assay_expr::{Scope, Template, closest};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::fragment::Fragment;
use super::handles;
use super::layers::Layer;
use super::references::uses;
use crate::config::{Given, Parameters, secret_variable};
use crate::diagnostic::Findings;
use crate::expressions::{Budget, LateText, Scopes, substitute};
use crate::ids::Ids;

/// Templates by name.
pub(crate) type Templates = BTreeMap<String, TestWorkflowTemplateSpec>;

/// What is said of a template that names another one.
pub(crate) const NESTED: (&str, &str) =
    ("a template cannot use templates", "write the steps out, or let the workflow use both templates");

/// What stands between the place of a reference and the name of its template.
pub(super) const FROM_TEMPLATE: &str = " (template ";

/// Names that a message lists.
const LISTED: usize = 20;
/// References that a workflow may have.
const MOST_USES: usize = 500;
/// Bytes that all uses of templates may bring, counted as JSON.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// The templates that a workflow may use, and how much it used.
pub(super) struct Store<'a> {
    /// None when nobody knows which templates there are.
    templates: Option<&'a Templates>,
    surroundings: &'a Scope,
    budget: Budget,
    /// Handles that are taken.
    ids: Ids,
    /// Templates as JSON, by name.
    json: BTreeMap<&'a str, String>,
    uses: usize,
    bytes: usize,
    too_much: bool,
}

impl<'a> Store<'a> {
    pub(super) fn new(templates: Option<&'a Templates>, surroundings: &'a Scope, budget: Budget, ids: Ids) -> Self {
        Self { templates, surroundings, budget, ids, json: BTreeMap::new(), uses: 0, bytes: 0, too_much: false }
    }

    /// The template that the reference at `path` names, with its values.
    /// Nothing when it is not there, which is said, or when nobody knows.
    pub(super) fn bring(
        &mut self,
        path: &str,
        reference: &TemplateRef,
        findings: &mut Findings,
    ) -> Option<Layer<Fragment>> {
        // A name with an expression in it was refused already.
        let templates = self.templates.filter(|_| !reference.name.contains("{{"))?;
        let Some((name, template)) = templates.get_key_value(&reference.name) else {
            let message = format!("there is no template `{}` in the namespace of the workflow", reference.name);
            findings.error(format!("{path}.name"), message, known(&reference.name, templates));
            return None;
        };
        if !self.has_room(path, name, template, findings) {
            return None;
        }
        let from = format!("{path}{FROM_TEMPLATE}\"{name}\") spec");
        let parameters = Parameters {
            schemas: &template.config,
            of: "template",
            declared_at: format!("{from}.config"),
            given_at: format!("{path}.config"),
            given: reference.config.iter().map(|(name, value)| (name.clone(), given(value))).collect(),
            complete: true,
        };
        let mut scope = self.surroundings.clone();
        parameters.add_to(&mut scope, findings);
        let json = self.json.get(name.as_str()).map_or("", String::as_str);
        let chosen = handles::choose(template, json, &mut self.ids);
        handles::define(&chosen, &mut scope);
        let scopes = Scopes::new(scope, parameters.free_text());
        let mut template = template.clone();
        handles::rename(&mut template, &chosen);
        let resolved = substitute(&template, &from, &scopes, &mut self.budget, findings);
        for (list, steps) in [("setup", &resolved.setup), ("steps", &resolved.steps), ("after", &resolved.after)] {
            for place in uses(steps, &format!("{from}.{list}")) {
                findings.error(place, NESTED.0, NESTED.1);
            }
        }
        Some(Layer { from, part: Fragment::of(resolved) })
    }

    fn has_room(
        &mut self,
        path: &str,
        name: &'a str,
        template: &TestWorkflowTemplateSpec,
        findings: &mut Findings,
    ) -> bool {
        let json = self.json.entry(name).or_insert_with(|| serde_json::to_string(template).unwrap_or_default());
        let size = json.len();
        self.uses += 1;
        self.bytes = self.bytes.saturating_add(size);
        let (uses, bytes) = (self.uses > MOST_USES, self.bytes > MOST_BYTES);
        if (uses || bytes) && !self.too_much {
            self.too_much = true;
            let message = if uses {
                format!("the workflow uses templates more than {MOST_USES} times")
            } else {
                format!("the templates that the workflow uses bring more than {} MiB", MOST_BYTES / 1024 / 1024)
            };
            findings.error(path, message, "use fewer or smaller ones, or make two workflows");
        }
        !self.too_much
    }
}

/// What a reference gives. It was resolved with the names of the workflow, and
/// may wait for what only a running step knows.
fn given(value: &IntOrString) -> Given {
    let IntOrString::String(written) = value else { return Given::Value(value.clone()) };
    let (template, mistakes) = Template::parse(written);
    if !mistakes.is_empty() {
        return Given::Open;
    }
    let late = LateText::of(written);
    if !late.waits {
        return Given::Value(IntOrString::String(late.text));
    }
    let is_late = |name: &str| name.starts_with("env.") || name.starts_with("steps.") || name.starts_with("step.");
    if !template.names().all(|(name, _)| is_late(name)) {
        return Given::Open;
    }
    let single = template.single().map(ToString::to_string).unwrap_or_default();
    let prefix = format!("env.{}", secret_variable(""));
    let secret = single.strip_prefix(&prefix).is_some_and(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    Given::Later { expression: template.to_expression(), secret }
}

fn known(name: &str, templates: &Templates) -> String {
    if templates.is_empty() {
        return "make it, or remove the reference: there are no templates there".to_owned();
    }
    let mut listed = templates.keys().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if templates.len() > LISTED {
        listed.push_str(&format!(" and {} more", templates.len() - LISTED));
    }
    match closest(name, templates.keys().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`? Known: {listed}"),
        None => format!("known: {listed}"),
    }
}
