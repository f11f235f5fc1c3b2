//! Partial evaluation: what is known takes the place of what was written, and
//! the rest stays an expression.

mod calls;
mod names;

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::limits::{DEEPEST, DEEPEST_VALUE, LARGEST, MOST_MISTAKES, STEP, WORK};
use crate::node::{Kind, Node, Operator, Type};
use crate::operators;
use crate::scope::Scope;
use crate::value::Value;

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
        if operator == Operator::Subtract
            && let Some(fault) = self.dashed(left, right)
        {
            return Err(fault);
        }
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
}
