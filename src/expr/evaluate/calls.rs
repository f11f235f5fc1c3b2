//! Calls of functions.

use super::{Evaluation, Local};
use crate::diagnostic::{Fault, Span};
use crate::functions::{self, Special};
use crate::limits::STEP;
use crate::node::{Argument, Kind, Node};
use crate::operators;
use crate::parse::parse;
use crate::scope::Known;
use crate::value::Value;

impl Evaluation<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Argument], span: Span) -> Result<Node, Fault> {
        let function = functions::find(name);
        // What cannot be right was said when it was read.
        let is_wrong = functions::check(name, arguments).is_err();
        if function.and_then(functions::Function::special) == Some(Special::Any) {
            return self.any(name, arguments, span);
        }
        let arguments = self.arguments(arguments)?;
        let call = |arguments| Ok(Node::new(span, Kind::Call(name.to_owned(), arguments)));
        let values: Option<Vec<Value>> =
            arguments.iter().map(|argument| argument.node.value().filter(|_| !argument.spread).cloned()).collect();
        let Some(function) = function.filter(|_| !is_wrong) else { return call(arguments) };
        match (function.special(), values) {
            (Some(special @ (Special::Map | Special::Filter)), values) => {
                self.each_item(special, name, arguments, values, span)
            }
            (Some(Special::Eval), Some(values)) => {
                let node = self.inner(&values, name)?;
                Ok(self.reduce(&node.placed(span)))
            }
            (_, None) => call(arguments),
            (Some(_), Some(values)) => self.date(name, &values, arguments, span),
            (None, Some(values)) => {
                self.spend(function.effort(&values));
                let value = function.run(&values)?;
                self.made(value, span)
            }
        }
    }

    /// The tree of an expression that stands in a text.
    pub(super) fn inner(&mut self, values: &[Value], function: &str) -> Result<Node, Fault> {
        let Some(Value::Text(text)) = values.first() else {
            let message = format!("`{function}` needs an expression in a text");
            return Err(Fault::new(message, format!("write it in quotes, as in `{}`", functions::usage(function))));
        };
        self.spend(text.len() * STEP);
        let parsed = parse(text);
        match parsed.diagnostics.into_iter().next() {
            Some(first) => Err(Fault::new(format!("in the text of `{function}`: {}", first.message), first.hint)),
            None => Ok(parsed.node),
        }
    }

    /// Arguments with their values; lists that are spread become arguments.
    pub(super) fn arguments(&mut self, arguments: &[Argument]) -> Result<Vec<Argument>, Fault> {
        let mut all = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let node = self.reduce(&argument.node);
            let span = node.span;
            match (argument.spread, &node.kind) {
                (true, Kind::Value(value)) => {
                    let items = value.list().ok_or_else(|| spread_of(value))?.iter().cloned();
                    let nodes = items.map(|item| Node::new(span, Kind::Value(item)));
                    all.extend(nodes.map(|node| Argument { node, spread: false }));
                }
                (spread, _) => all.push(Argument { node, spread }),
            }
        }
        Ok(all)
    }

    /// The first argument that has a value. What is wrong with the others is
    /// what this function is for, so it is not said.
    pub(super) fn any(&mut self, name: &str, arguments: &[Argument], span: Span) -> Result<Node, Fault> {
        let mut waiting = Vec::new();
        for argument in arguments {
            let said = self.diagnostics.len();
            let node = self.reduce(&argument.node);
            let is_right = self.diagnostics.len() == said;
            if !self.given_up {
                self.diagnostics.truncate(said);
            }
            match node.value() {
                Some(value) if argument.spread => {
                    if let Some(first) = value.list().and_then(<[Value]>::first) {
                        return Ok(Node::new(span, Kind::Value(first.clone())));
                    }
                }
                Some(_) => return Ok(node),
                None if is_right => waiting.push(Argument { node, spread: argument.spread }),
                None => {}
            }
        }
        let kind = if waiting.is_empty() { Kind::Value(Value::Null) } else { Kind::Call(name.to_owned(), waiting) };
        Ok(Node::new(span, kind))
    }

    /// `map` and `filter`: an expression for every item.
    pub(super) fn each_item(
        &mut self,
        special: Special,
        name: &str,
        arguments: Vec<Argument>,
        values: Option<Vec<Value>>,
        span: Span,
    ) -> Result<Node, Fault> {
        let text = arguments.get(1).filter(|argument| !argument.spread).map(|argument| &argument.node);
        let place = text.map_or(span, |node| node.span);
        let text: Vec<Value> = text.and_then(Node::value).into_iter().cloned().collect();
        let expression = if text.is_empty() { None } else { Some(self.inner(&text, name)?.placed(place)) };
        let (Some(values), Some(expression)) = (values, expression) else {
            return Ok(Node::new(span, Kind::Call(name.to_owned(), arguments)));
        };
        let mut kept = Vec::new();
        for (key, item) in operators::items(&values[0], name)? {
            let said = self.diagnostics.len();
            self.locals.push(Local { key, value: item.clone() });
            let node = self.reduce(&expression);
            self.locals.pop();
            match node.kind {
                Kind::Value(value) if special == Special::Map => kept.push(value),
                Kind::Value(value) => kept.extend(value.truthy().then_some(item)),
                // It waits for a name, or something was wrong and has been said.
                _ => return Ok(Node::new(span, Kind::Call(name.to_owned(), arguments))),
            }
            if self.diagnostics.len() > said {
                return Ok(Node::new(span, Kind::Call(name.to_owned(), arguments)));
            }
        }
        self.made(kept.into(), span)
    }

    pub(super) fn date(
        &mut self,
        name: &str,
        values: &[Value],
        arguments: Vec<Argument>,
        span: Span,
    ) -> Result<Node, Fault> {
        match self.scope.find("now") {
            Some(Known::Value(now)) => {
                self.found += 1;
                let value = functions::date(&now, values)?;
                self.made(value, span)
            }
            Some(_) => Ok(Node::new(span, Kind::Call(name.to_owned(), arguments))),
            None => {
                Err(Fault::new("`date` is not known here", "take the time in the step, for example with `date -u`"))
            }
        }
    }
}

fn spread_of(value: &Value) -> Fault {
    Fault::new(format!("`...` needs a list, and this is {}", value.kind()), "remove the dots, or write `list(...)`")
}
