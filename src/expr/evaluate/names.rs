//! What names mean.

use super::Evaluation;
use crate::diagnostic::{Fault, Span};
use crate::functions::{self, Special};
use crate::limits::{MOST_MISTAKES, STEP};
use crate::node::{Kind, Name, Node, Operator};
use crate::operators;
use crate::print::print;
use crate::scope::Known;
use crate::suggest::closest;
use crate::value::Value;

/// Names that a diagnostic lists at most.
const LISTED: usize = 20;

impl Evaluation<'_> {
    pub(super) fn name(&mut self, name: &Name, span: Span) -> Result<Node, Fault> {
        if let Some(value) = self.local(name) {
            self.found += 1;
            return self.made(operators::walk(value, &name.parts[2..])?, span);
        }
        let scope = self.scope;
        for length in (1..=name.parts.len()).rev() {
            let rest = &name.parts[length..];
            match scope.find(&prefix(name, length)) {
                Some(Known::Value(value)) => {
                    self.found += 1;
                    return self.made(operators::walk(value, rest)?, span);
                }
                Some(Known::Expression(node)) => {
                    self.found += 1;
                    let whole = rest
                        .iter()
                        .fold(node.clone().placed(span), |base, key| Node::property(base, key.clone(), span));
                    return Ok(self.reduce(&whole));
                }
                Some(Known::Later) => return Ok(Node::new(span, Kind::Name(name.clone()))),
                None => {}
            }
        }
        if scope.is_below_prefix(&name.dotted) {
            return Ok(Node::new(span, Kind::Name(name.clone())));
        }
        Err(self.unknown(name))
    }

    /// The item that `_.value`, `_.index` or `_.key` means.
    pub(super) fn local(&self, name: &Name) -> Option<Value> {
        let local = self.locals.last()?;
        match name.parts.get(..2)?.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["_", "value"] => Some(local.value.clone()),
            ["_", "key" | "index"] => Some(local.key.clone()),
            _ => None,
        }
    }

    pub(super) fn is_known(&self, name: &Name) -> bool {
        self.local(name).is_some()
            || self.scope.is_below_prefix(&name.dotted)
            || (1..=name.parts.len()).any(|length| self.scope.find(&prefix(name, length)).is_some())
    }

    /// Whether only names below this one are known.
    pub(super) fn is_group(&self, name: &Name) -> bool {
        !self.is_known(name) && self.scope.has_below(&name.dotted)
    }

    pub(super) fn unknown(&mut self, name: &Name) -> Fault {
        let message = format!("`{}` is not known", name.dotted);
        if functions::find(&name.dotted).is_some() {
            return Fault::new(message, format!("it is a function: write `{}(...)`", name.dotted));
        }
        if name.parts[0] == "_" {
            return Fault::new(message, "`_.value`, `_.index` and `_.key` are known in the text of `map` and `filter`");
        }
        if self.is_group(name) {
            let below = self.scope.names().find(|known| known.starts_with(&format!("{}.", name.dotted)));
            let hint = format!("write a name below it, such as `{}`", below.unwrap_or_default());
            return Fault::new(format!("`{}` has no value of its own", name.dotted), hint);
        }
        let names: Vec<String> = self.scope.names().collect();
        if names.is_empty() {
            return Fault::new(message, "no names are known here");
        }
        // Every letter is compared with every letter.
        let letters: usize = names.iter().map(String::len).sum();
        self.spend(letters * name.dotted.len().min(200) / 4);
        let meant = closest(&name.dotted, names.iter().map(String::as_str).filter(|known| !known.ends_with('*')));
        let mut hint = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        hint.push_str(if meant.is_some() { "Known: " } else { "known: " });
        hint.push_str(&names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "));
        if names.len() > LISTED {
            hint.push_str(&format!(" and {} more", names.len() - LISTED));
        }
        Fault::new(message, hint)
    }

    /// Whether a name with dashes in it was read as a subtraction of names.
    pub(super) fn dashed(&self, mut left: &Node, right: &Node) -> Option<Fault> {
        let (Kind::Name(last), mut start) = (&right.kind, right.span.start) else { return None };
        let mut names = vec![last];
        loop {
            match &left.kind {
                Kind::Name(name) if left.span.end + 1 == start => {
                    names.push(name);
                    break;
                }
                Kind::Binary(Operator::Subtract, before, after) if after.span.end + 1 == start => {
                    let Kind::Name(name) = &after.kind else { return None };
                    names.push(name);
                    (left, start) = (before, after.span.start);
                }
                _ => return None,
            }
        }
        let (first, others) = names.split_last()?;
        if others.iter().all(|name| self.is_known(name)) {
            return None;
        }
        let mut parts = first.parts.clone();
        for name in others.iter().rev() {
            let joined = format!("{}-{}", parts.pop().unwrap_or_default(), name.parts[0]);
            parts.push(joined);
            parts.extend_from_slice(&name.parts[1..]);
        }
        let name = Name::new(parts);
        let message = format!("`{}` is read as a subtraction", name.dotted);
        let written = print(&Node::new(right.span, Kind::Name(name)));
        Some(Fault::new(message, format!("write a name with `-` in it as `{written}`")))
    }

    /// Looks for unknown names in a branch that is not taken.
    pub(super) fn skipped(&mut self, node: &Node) {
        self.spend(STEP);
        let dashed = match &node.kind {
            Kind::Binary(Operator::Subtract, left, right) => self.dashed(left, right),
            _ => None,
        };
        if let Some(fault) = dashed {
            self.diagnostics.push(fault.at(node.span));
            return;
        }
        match &node.kind {
            _ if self.work < STEP || self.diagnostics.len() >= MOST_MISTAKES => {}
            Kind::Name(name) if !self.is_known(name) => {
                let fault = self.unknown(name);
                self.diagnostics.push(fault.at(node.span));
            }
            Kind::Index(base, key) if matches!(&base.kind, Kind::Name(name) if self.is_group(name)) => {
                self.skipped(key)
            }
            Kind::Call(name, _) if functions::find(name).is_some_and(|f| f.special() == Some(Special::Any)) => {}
            _ => node.children().into_iter().for_each(|child| self.skipped(child)),
        }
    }
}

/// The first `length` parts of a name.
fn prefix(name: &Name, length: usize) -> String {
    name.parts[..length].join(".")
}
