//! Puts values in place of the expressions of a workflow or template. The walk
//! goes over the manifest's own shape, so that every text is reached and every
//! diagnostic has the path that the author knows.

use std::collections::BTreeSet;

use assay_api::names::env::CONFIG_PREFIX;
use assay_expr::{Diagnostic, Expression, PLANNED_FUNCTIONS, Scope, Span, Template, Value as Known};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::budget::Budget;
use super::fields::{Place, Rule, rule};
use super::late::is_word;
use super::names;
use super::scopes::Scopes;
use crate::diagnostic::Findings;

/// Letters of a text that a message repeats.
const SHOWN: usize = 60;
const LATE_HINT: &str =
    "use it in a command, its arguments, a script, a value of the environment, a working directory or a file";

/// The spec with all values that the scopes have. `root` is the place of the
/// spec in diagnostics. Texts that may wait (see [`super::LateText`]) stand
/// there as templates, all others with their final text.
pub(crate) fn substitute<T>(spec: &T, root: &str, scopes: &Scopes, budget: &mut Budget, findings: &mut Findings) -> T
where
    T: Clone + Serialize + DeserializeOwned,
{
    let Ok(mut value) = serde_json::to_value(spec) else { return spec.clone() };
    let mut walk = Walk { scopes, budget, findings, changed: false };
    walk.visit(&mut value, root, Rule::Into(Place::Spec));
    if !walk.changed {
        return spec.clone();
    }
    serde_json::from_value(value).unwrap_or_else(|error| {
        findings.error(root, format!("cannot be read after its values were put in: {error}"), "");
        spec.clone()
    })
}

struct Walk<'a> {
    scopes: &'a Scopes,
    budget: &'a mut Budget,
    findings: &'a mut Findings,
    changed: bool,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, value: &mut Value, path: &str, rule: Rule) {
        match value {
            _ if rule == Rule::Skip => {}
            Value::String(text) => self.text(text, path, rule),
            Value::Array(items) => self.list(items, path, rule),
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    let inner = match rule {
                        Rule::Into(place) => self::rule(place, name),
                        rule => rule,
                    };
                    self.visit(field, &format!("{path}.{name}"), inner);
                }
            }
            _ => {}
        }
    }

    fn list(&mut self, items: &mut Vec<Value>, path: &str, rule: Rule) {
        let inner = match rule {
            Rule::Each(place) => Rule::Into(place),
            rule => rule,
        };
        let mut visited = Vec::with_capacity(items.len());
        for (index, mut item) in items.drain(..).enumerate() {
            let spread = match &item {
                Value::String(text) if matches!(rule, Rule::Settled | Rule::Late) => {
                    self.spread(text, &format!("{path}[{index}]"), rule)
                }
                _ => None,
            };
            match spread {
                Some(several) => visited.extend(several.into_iter().map(Value::String)),
                None => {
                    self.visit(&mut item, &format!("{path}[{index}]"), inner);
                    visited.push(item);
                }
            }
        }
        *items = visited;
    }

    /// The items of an element that is one expression whose value is a list.
    fn spread(&mut self, text: &str, path: &str, rule: Rule) -> Option<Vec<String>> {
        if !text.contains("{{") {
            return None;
        }
        let (template, _) = Template::parse(text);
        let single = template.single().filter(|_| !self.budget.is_spent())?;
        let (resolved, mistakes) = single.resolve(&self.scopes.text);
        let Some(Known::List(items)) = resolved.value().filter(|_| mistakes.is_empty()) else { return None };
        let text = |item: &Known| match rule {
            Rule::Late => Template::from(&Expression::from(Known::from(item.to_string()))).to_string(),
            _ => item.to_string(),
        };
        let items: Vec<String> = items.iter().map(text).collect();
        let bytes = items.iter().map(String::len).sum();
        self.changed = true;
        let allowed =
            self.budget.allows_text(path, self.findings) && self.budget.allows_result(path, bytes, self.findings);
        allowed.then_some(items)
    }

    fn text(&mut self, text: &mut String, path: &str, rule: Rule) {
        match rule {
            Rule::Condition => return self.condition(text, path),
            Rule::Until => return self.until(text, path),
            Rule::Into(_) | Rule::Each(_) | Rule::Skip => return,
            Rule::Variable if text.starts_with(CONFIG_PREFIX) => {
                let message = format!("`{}` is reserved for a parameter whose value comes from a Secret", shown(text));
                return self.findings.error(path, message, "choose another name");
            }
            _ if !text.contains("{{") => return,
            Rule::Literal => {
                let message = format!("`{}` holds an expression, which cannot stand here", shown(text));
                return self.findings.error(path, message, "write it out");
            }
            Rule::Settled | Rule::Variable | Rule::Late | Rule::Script => {}
        }
        if !self.budget.allows_text(path, self.findings) {
            return;
        }
        let (template, mistakes) = Template::parse(text);
        let (simplified, found) = template.simplify(&self.scopes.text);
        self.report(path, text, mistakes.into_iter().chain(found));
        match rule {
            Rule::Settled | Rule::Variable => self.refuse_late(&simplified, path),
            _ => self.check_late(&simplified, path),
        }
        if rule == Rule::Script {
            self.warn_of_injection(&template, text, path);
        }
        let is_settled = matches!(rule, Rule::Settled | Rule::Variable);
        let resolved = if is_settled { simplified.resolve(&Scope::new()).text } else { simplified.to_string() };
        if self.budget.allows_result(path, resolved.len(), self.findings) {
            self.changed = true;
            *text = resolved;
        }
    }

    fn condition(&mut self, text: &mut String, path: &str) {
        // Single words are judged by the rules of steps.
        if !is_word(text) {
            self.expression(text, path, &self.scopes.condition);
        }
        if let Some(value) = Expression::parse(text).0.value() {
            (if value.truthy() { "always" } else { "never" }).clone_into(text);
            self.changed = true;
        }
    }

    fn until(&mut self, text: &mut String, path: &str) {
        self.expression(text, path, &self.scopes.until);
        let (expression, _) = Expression::parse(text);
        let of_environment = expression.names().map(|(name, _)| name).filter(|name| name.starts_with("env."));
        for name in of_environment.filter(|name| secret(name).is_none()) {
            let message = format!("`{name}` is not known where it is decided whether a step is tried again");
            self.findings.error(path, message, "write the value out, or use a parameter of the workflow");
        }
    }

    fn expression(&mut self, text: &mut String, path: &str, scope: &'a Scope) {
        if text.contains("{{") {
            let message = format!("`{}` has `{{{{` in it, and all of it is an expression already", shown(text));
            return self.findings.error(path, message, "write the expression without `{{` and `}}`");
        }
        if !self.budget.allows_text(path, self.findings) {
            return;
        }
        let (expression, mistakes) = Expression::parse(text);
        let (resolved, found) = expression.resolve(scope);
        let said = self.findings.list.len();
        self.report(path, text, mistakes.into_iter().chain(found));
        if self.findings.list.len() > said {
            return;
        }
        for (name, _) in resolved.names() {
            if let Some((message, hint)) = names::mistake(name) {
                self.findings.error(path, message, hint);
            } else if let Some(parameter) = secret(name) {
                let message = format!("`{parameter}` is secret, and conditions do not see secrets");
                self.findings.error(path, message, "let a step look at it and write an output");
            }
        }
        if self.findings.list.len() == said && resolved != expression {
            let resolved = resolved.to_string();
            if self.budget.allows_result(path, resolved.len(), self.findings) {
                self.changed = true;
                *text = resolved;
            }
        }
    }

    fn report(&mut self, path: &str, text: &str, mistakes: impl Iterator<Item = Diagnostic>) {
        for mistake in mistakes {
            let message = placed(&mistake.message, text, mistake.span);
            self.findings.error(path, message, mistake.hint);
        }
    }

    /// Fields that make the pod have their values before it is there.
    fn refuse_late(&mut self, template: &Template, path: &str) {
        let late: BTreeSet<&str> = template.names().map(|(name, _)| name).filter(|name| names::is_late(name)).collect();
        for name in late {
            let message = match secret(name) {
                Some(parameter) => format!("`{parameter}` is secret, and known only where the steps run"),
                None => format!("`{name}` is known only where a step runs, and this is needed before"),
            };
            let (message, hint) = names::mistake(name).unwrap_or_else(|| (message, LATE_HINT.to_owned()));
            self.findings.error(path, message, hint);
        }
        for (function, _) in template.functions().filter(|(function, _)| *function == "date") {
            let message = format!("`{function}()` has no value before a step runs, and this is needed before");
            self.findings.error(path, message, LATE_HINT);
        }
    }

    fn check_late(&mut self, template: &Template, path: &str) {
        let late: BTreeSet<&str> = template.names().map(|(name, _)| name).collect();
        for (message, hint) in late.into_iter().filter_map(names::mistake) {
            self.findings.error(path, message, hint);
        }
        self.check_functions(template, path);
    }

    /// The runner knows fewer functions.
    fn check_functions(&mut self, template: &Template, path: &str) {
        let waits_for_steps = template.names().any(|(name, _)| names::is_late(name));
        let called: BTreeSet<&str> = template.functions().map(|(function, _)| function).collect();
        for function in called.into_iter().filter(|function| PLANNED_FUNCTIONS.contains(function) && waits_for_steps) {
            self.findings.error(
                path,
                format!("`{function}` does not work on values that are known only where a step runs"),
                "let the step do it",
            );
        }
    }

    fn warn_of_injection(&mut self, template: &Template, text: &str, path: &str) {
        let is_free = |name: &str| {
            let is_output = names::of_step(name).is_some_and(|(_, fact)| fact.starts_with("outputs."));
            is_output || self.scopes.free_text.contains(name)
        };
        let named = template.names().filter(|(name, span)| is_free(name) && !is_quoted(text, *span));
        let named: BTreeSet<&str> = named.map(|(name, _)| name).collect();
        let Some(first) = named.first() else { return };
        let listed = named.iter().map(|name| format!("`{{{{ {name} }}}}`")).collect::<Vec<_>>().join(", ");
        let variable = first.rsplit('.').next().unwrap_or_default().to_uppercase();
        self.findings.warning(
            path,
            format!("{listed} becomes part of the script, and the shell obeys whatever the value holds"),
            format!("pass it as an environment variable `{variable}` and write \"${variable}\" in the script"),
        );
    }
}

/// Whether the expression around a name makes one word of its value.
fn is_quoted(text: &str, span: Span) -> bool {
    let before = text.get(..span.start).unwrap_or_default();
    before.rfind("{{").is_some_and(|open| before[open..].contains("shellquote("))
}

/// The parameter whose secret value a name brings.
fn secret(name: &str) -> Option<String> {
    let parameter = name.strip_prefix("env.")?.strip_prefix(CONFIG_PREFIX)?;
    Some(format!("config.{parameter}"))
}

/// A message with the piece of the text that it speaks of, and its line.
fn placed(message: &str, text: &str, span: Span) -> String {
    let piece = text.get(span.start..span.end).unwrap_or_default().trim();
    let mut placed = message.to_owned();
    if !piece.is_empty() && !message.contains(piece) && piece != text.trim() {
        placed.push_str(&format!(", in `{}`", shown(piece)));
    }
    let before = text.get(..span.start).unwrap_or_default();
    if text.trim_end().contains('\n') {
        placed.push_str(&format!(" (line {})", before.matches('\n').count() + 1));
    }
    placed
}

fn shown(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let cut = line.char_indices().nth(SHOWN).map(|(end, _)| &line[..end]);
    match cut {
        Some(cut) => format!("{cut}…"),
        None if line.len() < text.trim().len() => format!("{line}…"),
        None => line.to_owned(),
    }
}
