//! Partial evaluation: what is known takes the place of what was written, and
//! the rest stays an expression.

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::functions::{self, Special};
use crate::limits::{DEEPEST, DEEPEST_VALUE, LARGEST, MOST_MISTAKES, STEP, WORK};
use crate::node::{Argument, Kind, Name, Node, Operator, Type};
use crate::operators;
use crate::parse::parse;
use crate::scope::{Known, Scope};
use crate::suggest::closest;
use crate::value::Value;

/// Names that a diagnostic lists at most.
const LISTED: usize = 20;
const CHEAPER: &str = "make it smaller, or compute it in a step";

/// One evaluation of one text.
pub(crate) struct Evaluation<'a> {
    scope: &'a Scope,
    /// What `_` means, innermost last.
    locals: Vec<Local>,
    pub diagnostics: Vec<Diagnostic>,
    work: usize,
    depth: usize,
    /// Inside how many branches that may never be taken.
    unsure: usize,
    /// Names that had a value so far. A mistake without any is certain, also
    /// where it is not certain that the place is reached.
    found: usize,
    given_up: bool,
}

struct Local {
    key: Value,
    value: Value,
}

impl<'a> Evaluation<'a> {
    pub fn new(scope: &'a Scope) -> Self {
        Self {
            scope,
            locals: Vec::new(),
            diagnostics: Vec::new(),
            work: scope.work_left().min(WORK),
            depth: 0,
            unsure: 0,
            found: 0,
            given_up: false,
        }
    }

    /// The tree with everything in it that is known.
    pub fn reduce(&mut self, node: &Node) -> Node {
        if self.given_up {
            return node.clone();
        }
        if self.depth >= DEEPEST {
            let fault = Fault::new("the expression goes too deep", "look for a name that stands for itself");
            return self.give_up(fault, node);
        }
        if self.work < STEP {
            return self.give_up(Fault::new("the expression takes too much work", CHEAPER), node);
        }
        if self.diagnostics.len() >= MOST_MISTAKES {
            let fault = Fault::new("the text is not resolved any further", "correct the other mistakes first");
            return self.give_up(fault, node);
        }
        self.spend(STEP);
        self.depth += 1;
        let found = self.found;
        let reduced = self.step(node);
        self.depth -= 1;
        reduced.unwrap_or_else(|fault| {
            if self.unsure == 0 || self.found == found {
                self.diagnostics.push(fault.at(node.span));
            }
            node.clone()
        })
    }

    fn spend(&mut self, units: usize) {
        let spent = units.min(self.work);
        self.work -= spent;
        self.scope.spend(spent);
    }

    fn give_up(&mut self, fault: Fault, node: &Node) -> Node {
        self.given_up = true;
        self.diagnostics.push(fault.at(node.span));
        node.clone()
    }

    fn step(&mut self, node: &Node) -> Result<Node, Fault> {
        let span = node.span;
        match &node.kind {
            Kind::Broken => Ok(node.clone()),
            Kind::Value(value) => self.made(value.clone(), span),
            Kind::Name(name) => self.name(name, span),
            Kind::List(items) => self.list(items, span),
            Kind::Map(entries) => self.map(entries, span),
            Kind::Property(base, key) => {
                let base = self.reduce(base);
                self.property(base, key, span)
            }
            Kind::Index(base, key) => self.index(base, key, span),
            Kind::Each(base, rest) => self.each(base, rest, span),
            Kind::Call(name, arguments) => self.call(name, arguments, span),
            Kind::Not(inner) => {
                let inner = self.reduce(inner);
                let not = inner.value().map(|value| Kind::Value(Value::Bool(!value.truthy())));
                Ok(Node::new(span, not.unwrap_or_else(|| Kind::Not(Box::new(inner)))))
            }
            Kind::Negate(inner) => {
                let inner = self.reduce(inner);
                let negative = inner.value().map(|value| operators::number(value).map(|number| number.negate()));
                let kind = negative.transpose()?.map(|number| Kind::Value(number.into()));
                Ok(Node::new(span, kind.unwrap_or_else(|| Kind::Negate(Box::new(inner)))))
            }
            Kind::Binary(operator, left, right) => self.binary(*operator, left, right, span),
            Kind::Choice(nodes) => self.choice(nodes, span),
        }
    }

    /// A value that was made here, if it is not too large.
    fn made(&mut self, value: Value, span: Span) -> Result<Node, Fault> {
        let weight = value.weight();
        if weight > LARGEST {
            return Err(Fault::new(format!("the result is larger than {} KiB", LARGEST / 1024), CHEAPER));
        }
        if weight > 64 && value.depth() > DEEPEST_VALUE {
            return Err(Fault::new(format!("the result is nested more than {DEEPEST_VALUE} levels deep"), CHEAPER));
        }
        self.spend(weight);
        Ok(Node::new(span, Kind::Value(value)))
    }

    fn name(&mut self, name: &Name, span: Span) -> Result<Node, Fault> {
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
    fn local(&self, name: &Name) -> Option<Value> {
        let local = self.locals.last()?;
        match name.parts.get(..2)?.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["_", "value"] => Some(local.value.clone()),
            ["_", "key" | "index"] => Some(local.key.clone()),
            _ => None,
        }
    }

    fn is_known(&self, name: &Name) -> bool {
        self.local(name).is_some()
            || self.scope.is_below_prefix(&name.dotted)
            || (1..=name.parts.len()).any(|length| self.scope.find(&prefix(name, length)).is_some())
    }

    fn unknown(&mut self, name: &Name) -> Fault {
        let message = format!("`{}` is not known", name.dotted);
        if functions::find(&name.dotted).is_some() {
            return Fault::new(message, format!("it is a function: write `{}(...)`", name.dotted));
        }
        if name.parts[0] == "_" {
            return Fault::new(message, "`_.value`, `_.index` and `_.key` are known in the text of `map` and `filter`");
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

    /// Looks for unknown names in a branch that is not taken.
    fn skipped(&mut self, node: &Node) {
        self.spend(STEP);
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

    /// Reduces a branch that may never be taken: what may be wrong there only
    /// for the values of now is said when the branch is taken.
    fn perhaps(&mut self, node: &Node) -> Node {
        self.unsure += 1;
        let reduced = self.reduce(node);
        self.unsure -= 1;
        reduced
    }

    fn list(&mut self, items: &[Node], span: Span) -> Result<Node, Fault> {
        let items: Vec<Node> = items.iter().map(|item| self.reduce(item)).collect();
        match items.iter().map(|item| item.value().cloned()).collect::<Option<Vec<Value>>>() {
            Some(values) => self.made(values.into(), span),
            None => Ok(Node::new(span, Kind::List(items))),
        }
    }

    fn map(&mut self, entries: &[(String, Node)], span: Span) -> Result<Node, Fault> {
        let entries: Vec<_> = entries.iter().map(|(key, item)| (key.clone(), self.reduce(item))).collect();
        let values = entries.iter().map(|(key, item)| Some((key.clone(), item.value()?.clone())));
        match values.collect::<Option<_>>() {
            Some(values) => self.made(Value::Map(values), span),
            None => Ok(Node::new(span, Kind::Map(entries))),
        }
    }

    fn property(&mut self, base: Node, key: &str, span: Span) -> Result<Node, Fault> {
        match &base.kind {
            Kind::Value(value) => {
                let value = operators::property(value, key)?;
                self.made(value, span)
            }
            _ => self.longer(Node::property(base, key.to_owned(), span)),
        }
    }

    fn index(&mut self, base: &Node, key: &Node, span: Span) -> Result<Node, Fault> {
        let key = self.reduce(key);
        match (&base.kind, key.value()) {
            // `config` may have no value of its own, and `config.url` may.
            (Kind::Name(_), Some(value)) => {
                let key = operators::key(value)?;
                self.longer(Node::property(base.clone(), key, span))
            }
            (Kind::Name(name), None) if self.is_group(name) => Ok(Node::index(base.clone(), key, span)),
            (_, Some(value)) => {
                let key = operators::key(value)?;
                let base = self.reduce(base);
                self.property(base, &key, span)
            }
            (_, None) => {
                let base = self.reduce(base);
                self.longer(Node::index(base, key, span))
            }
        }
    }

    /// Whether only names below this one are known.
    fn is_group(&self, name: &Name) -> bool {
        !self.is_known(name) && self.scope.has_below(&name.dotted)
    }

    /// A name that got longer may have a value now.
    fn longer(&mut self, node: Node) -> Result<Node, Fault> {
        match &node.kind {
            Kind::Name(name) => self.name(name, node.span),
            _ => Ok(node),
        }
    }

    fn each(&mut self, base: &Node, rest: &[String], span: Span) -> Result<Node, Fault> {
        let base = self.reduce(base);
        match base.value() {
            Some(value) => {
                let items = operators::each(value, rest)?;
                self.made(items, span)
            }
            None => Ok(Node::new(span, Kind::Each(Box::new(base), rest.to_vec()))),
        }
    }

    fn binary(&mut self, operator: Operator, left: &Node, right: &Node, span: Span) -> Result<Node, Fault> {
        let left = self.reduce(left);
        if !matches!(operator, Operator::And | Operator::Or | Operator::Default) {
            let right = self.reduce(right);
            return match (left.value(), right.value()) {
                (Some(a), Some(b)) => {
                    let value = operators::apply(operator, a, b)?;
                    self.made(value, span)
                }
                _ => Ok(Node::new(span, Kind::Binary(operator, Box::new(left), Box::new(right)))),
            };
        }
        if let Some(value) = left.value() {
            let decides = match operator {
                Operator::And => !value.truthy(),
                Operator::Or => value.truthy(),
                _ => *value != Value::Null,
            };
            if decides {
                self.skipped(right);
                return Ok(left);
            }
            return Ok(self.reduce(right));
        }
        let right = self.perhaps(right);
        if left.type_of() == Some(Type::Bool) {
            match (operator, right.value()) {
                (Operator::And, Some(Value::Bool(true))) | (Operator::Or, Some(Value::Bool(false))) => return Ok(left),
                (Operator::And | Operator::Or, Some(Value::Bool(_))) => return Ok(right),
                _ => {}
            }
        }
        Ok(Node::new(span, Kind::Binary(operator, Box::new(left), Box::new(right))))
    }

    fn choice(&mut self, [condition, yes, no]: &[Node; 3], span: Span) -> Result<Node, Fault> {
        let condition = self.reduce(condition);
        let Some(value) = condition.value() else {
            let branches = Box::new([condition, self.perhaps(yes), self.perhaps(no)]);
            return Ok(Node::new(span, Kind::Choice(branches)));
        };
        let (taken, other) = if value.truthy() { (yes, no) } else { (no, yes) };
        self.skipped(other);
        Ok(self.reduce(taken))
    }

    fn call(&mut self, name: &str, arguments: &[Argument], span: Span) -> Result<Node, Fault> {
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
    fn inner(&mut self, values: &[Value], function: &str) -> Result<Node, Fault> {
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
    fn arguments(&mut self, arguments: &[Argument]) -> Result<Vec<Argument>, Fault> {
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
    fn any(&mut self, name: &str, arguments: &[Argument], span: Span) -> Result<Node, Fault> {
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
    fn each_item(
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

    fn date(&mut self, name: &str, values: &[Value], arguments: Vec<Argument>, span: Span) -> Result<Node, Fault> {
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

/// The first `length` parts of a name.
fn prefix(name: &Name, length: usize) -> String {
    name.parts[..length].join(".")
}

fn spread_of(value: &Value) -> Fault {
    Fault::new(format!("`...` needs a list, and this is {}", value.kind()), "remove the dots, or write `list(...)`")
}
