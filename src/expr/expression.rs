//! One expression.

use std::fmt;

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::evaluate::Evaluation;
use crate::node::{Kind, Node};
use crate::parse::parse;
use crate::print::{print, print_wide};
use crate::scope::Scope;
use crate::value::Value;

/// A parsed expression. It prints as text that reads back as the same; with `{:#}` as people write it, with blanks.
#[derive(Clone, Debug)]
pub struct Expression {
    node: Node,
    /// As it was written or, once something was put into it, printed.
    source: String,
    is_whole: bool,
    mistakes: Vec<Diagnostic>,
}

impl Expression {
    /// Reads an expression, and says everything that is wrong with it.
    pub fn parse(text: &str) -> (Self, Vec<Diagnostic>) {
        let parsed = parse(text);
        let (mistakes, is_whole) = (parsed.diagnostics, parsed.is_whole);
        (Self { node: parsed.node, source: text.to_owned(), is_whole, mistakes: mistakes.clone() }, mistakes)
    }

    /// The expression with what the scope knows in it, simplified, and what
    /// was wrong on the way. It is a value when everything was known; without
    /// diagnostics it waits for names whose value comes later.
    pub fn resolve(&self, scope: &Scope) -> (Self, Vec<Diagnostic>) {
        let mut evaluation = Evaluation::new(scope);
        let resolved = self.reduced(&mut evaluation);
        (resolved, evaluation.diagnostics)
    }

    pub(crate) fn reduced(&self, evaluation: &mut Evaluation<'_>) -> Self {
        if self.is_unreadable() {
            return self.clone();
        }
        let node = evaluation.reduce(&self.node);
        if node == self.node {
            return self.clone();
        }
        Self { source: print(&node), node, is_whole: true, mistakes: self.mistakes.clone() }
    }

    /// The value, when nothing is left to resolve.
    pub fn value(&self) -> Option<&Value> {
        self.node.value().filter(|_| self.is_whole)
    }

    /// The value, when everything is known.
    ///
    /// # Errors
    /// Everything that is wrong with the expression, and every name that has
    /// no value yet.
    pub fn evaluate(&self, scope: &Scope) -> Result<Value, Vec<Diagnostic>> {
        if !self.mistakes.is_empty() {
            return Err(self.mistakes.clone());
        }
        let (resolved, mut diagnostics) = self.resolve(scope);
        match (resolved.node.kind, diagnostics.is_empty()) {
            (Kind::Value(value), true) => Ok(value),
            (kind, true) => {
                let rest = Node::new(resolved.node.span, kind);
                diagnostics.extend(waiting(&rest));
                Err(diagnostics)
            }
            (_, false) => Err(diagnostics),
        }
    }

    /// The names it refers to, in order of appearance.
    pub fn names(&self) -> impl Iterator<Item = (&str, Span)> {
        let mut names = Vec::new();
        self.node.visit(&mut |node| {
            if let Kind::Name(name) = &node.kind {
                names.push((name.dotted.as_str(), node.span));
            }
        });
        names.into_iter()
    }

    /// The functions it calls, in order of appearance.
    pub fn functions(&self) -> impl Iterator<Item = (&str, Span)> {
        let mut functions = Vec::new();
        self.node.visit(&mut |node| {
            if let Kind::Call(function, _) = &node.kind {
                functions.push((function.as_str(), node.span));
            }
        });
        functions.into_iter()
    }

    /// Whether it is nothing but a name with `*` in it, as in `services.db.*.ip`.
    pub fn is_wildcard(&self) -> bool {
        matches!(&self.node.kind, Kind::Each(base, _) if matches!(base.kind, Kind::Name(_)))
    }

    /// Whether it could not be read as a whole.
    pub(crate) fn is_unreadable(&self) -> bool {
        !self.is_whole
    }

    /// What was wrong when it was read.
    pub(crate) fn mistakes(&self) -> &[Diagnostic] {
        &self.mistakes
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    pub(crate) fn from_node(node: Node) -> Self {
        Self { source: print(&node), node, is_whole: true, mistakes: Vec::new() }
    }

    /// The same, `bytes` further on in a larger text.
    pub(crate) fn moved(mut self, bytes: usize) -> Self {
        self.node.move_by(bytes);
        for mistake in &mut self.mistakes {
            mistake.span = mistake.span.moved(bytes);
        }
        self
    }
}

/// One diagnostic for every name that has no value yet.
fn waiting(node: &Node) -> Vec<Diagnostic> {
    let mut names = Vec::new();
    node.visit(&mut |node| {
        if let Kind::Name(name) = &node.kind {
            names.push(
                Fault::new(format!("`{}` has no value yet", name.dotted), "use it where it is known").at(node.span),
            );
        }
    });
    if names.is_empty() {
        let fault = Fault::new(format!("`{}` has no value yet", print(node)), "use it where it is known");
        names.push(fault.at(node.span));
    }
    names
}

impl Scope {
    /// Makes a name stand for an expression, which takes its place.
    pub fn define(&mut self, name: impl Into<String>, expression: &Expression) {
        self.define_node(name.into(), expression.node.clone());
    }
}

/// Places and white space do not count.
impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node && (!self.is_unreadable() || self.source == other.source)
    }
}

impl From<Value> for Expression {
    fn from(value: Value) -> Self {
        Self::from_node(Node::new(Span::default(), Kind::Value(value)))
    }
}

/// Text that reads back as the same expression. What could not be read is
/// printed as it was written.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_unreadable(), f.alternate()) {
            (true, _) => f.write_str(&self.source),
            (false, false) => f.write_str(&print(&self.node)),
            (false, true) => f.write_str(&print_wide(&self.node)),
        }
    }
}
