//! A text with expressions in it, and its value.

use std::fmt;

use crate::chunks::{Chunk, chunks, escaped, push_text, written};
use crate::diagnostic::{Diagnostic, Span};
use crate::evaluate::Evaluation;
use crate::expression::Expression;
use crate::node::{Kind, Node, Operator, Type};
use crate::scope::Scope;
use crate::value::Value;

/// A parsed text. It prints as a template that reads back as the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    chunks: Vec<Chunk>,
}

/// The value of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The text. It is final, unless it waits: then it is a template for the
    /// values that come later. What was wrong stands there as it was written.
    pub text: String,
    /// Names that are not known, and operations that cannot be done.
    pub diagnostics: Vec<Diagnostic>,
    /// Whether something in it has no value yet.
    pub waits: bool,
}

impl Template {
    /// Reads a text, and says everything that is wrong with its expressions.
    pub fn parse(text: &str) -> (Self, Vec<Diagnostic>) {
        let (chunks, diagnostics) = chunks(text);
        (Self { chunks }, diagnostics)
    }

    /// The template whose value is this text, whatever it holds.
    pub fn literal(text: &str) -> Self {
        let mut chunks = Vec::new();
        push_text(&mut chunks, text);
        Self { chunks }
    }

    /// The names it refers to, in order of appearance.
    pub fn names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.expressions().flat_map(Expression::names)
    }

    /// The functions it calls, in order of appearance.
    pub fn functions(&self) -> impl Iterator<Item = (&str, Span)> {
        self.expressions().flat_map(Expression::functions)
    }

    /// The expression, when the text is exactly one `{{ }}` with nothing but
    /// white space around it. Where a list of texts is expected, its value may
    /// be a list.
    pub fn single(&self) -> Option<&Expression> {
        let mut single = None;
        for chunk in &self.chunks {
            match chunk {
                Chunk::Text(text) if text.trim().is_empty() => {}
                Chunk::Expression(expression, _) if single.is_none() => single = Some(expression),
                _ => return None,
            }
        }
        single
    }

    /// The text with the values of `scope`.
    pub fn resolve(&self, scope: &Scope) -> Resolved {
        let (template, diagnostics, waits) = self.reduced(scope);
        let text = if waits { template.to_string() } else { template.final_text() };
        Resolved { text, diagnostics, waits }
    }

    /// The template with the values of `scope`, and what was wrong on the way.
    pub fn simplify(&self, scope: &Scope) -> (Self, Vec<Diagnostic>) {
        let (template, diagnostics, _) = self.reduced(scope);
        (template, diagnostics)
    }

    /// The whole text as one expression, whose value is a text.
    pub fn to_expression(&self) -> Expression {
        let mut nodes = self.chunks.iter().map(|chunk| match chunk {
            Chunk::Text(text) | Chunk::Unreadable(text) => text_node(text),
            Chunk::Expression(expression, _) => {
                let node = expression.node().clone();
                if node.type_of() == Some(Type::Text) { node } else { Node::call("string", node) }
            }
        });
        let first = nodes.next().unwrap_or_else(|| text_node(""));
        Expression::from_node(nodes.fold(first, |left, right| Node::binary(Operator::Add, left, right)))
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        self.chunks.iter().filter_map(|chunk| match chunk {
            Chunk::Expression(expression, _) => Some(expression),
            Chunk::Text(_) | Chunk::Unreadable(_) => None,
        })
    }

    fn reduced(&self, scope: &Scope) -> (Self, Vec<Diagnostic>, bool) {
        let mut evaluation = Evaluation::new(scope);
        let (mut chunks, mut waits) = (Vec::new(), false);
        for chunk in &self.chunks {
            let (expression, source) = match chunk {
                Chunk::Text(text) => {
                    push_text(&mut chunks, text);
                    continue;
                }
                Chunk::Unreadable(_) => {
                    chunks.push(chunk.clone());
                    continue;
                }
                Chunk::Expression(expression, source) => (expression, source),
            };
            let said = evaluation.diagnostics.len();
            let reduced = expression.reduced(&mut evaluation);
            let is_right = expression.mistakes().is_empty() && evaluation.diagnostics.len() == said;
            match reduced.value() {
                Some(value) if is_right => push_text(&mut chunks, &value.text()),
                _ if !is_right || reduced == *expression => {
                    waits |= is_right;
                    chunks.push(Chunk::Expression(expression.clone(), source.clone()));
                }
                _ => {
                    waits = true;
                    let source = written(&reduced);
                    chunks.push(Chunk::Expression(reduced, source));
                }
            }
        }
        (Self { chunks }, evaluation.diagnostics, waits)
    }

    fn final_text(&self) -> String {
        let texts = self.chunks.iter().map(|chunk| match chunk {
            Chunk::Text(text) | Chunk::Unreadable(text) | Chunk::Expression(_, text) => text.as_str(),
        });
        texts.collect()
    }
}

fn text_node(text: &str) -> Node {
    Node::new(Span::default(), Kind::Value(Value::from(text)))
}

/// The expression as a template: texts that are joined stand side by side.
impl From<&Expression> for Template {
    fn from(expression: &Expression) -> Self {
        let mut chunks = Vec::new();
        flatten(expression.node(), &mut chunks);
        Self { chunks }
    }
}

fn flatten(node: &Node, chunks: &mut Vec<Chunk>) {
    match &node.kind {
        Kind::Value(value) => push_text(chunks, &value.text()),
        Kind::Binary(Operator::Add, left, right) if node.type_of() == Some(Type::Text) => {
            flatten(left, chunks);
            flatten(right, chunks);
        }
        _ => {
            let expression = Expression::from_node(node.clone());
            let source = written(&expression);
            chunks.push(Chunk::Expression(expression, source));
        }
    }
}

/// Text that reads back as the same template.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, chunk) in self.chunks.iter().enumerate() {
            match chunk {
                Chunk::Text(text) => {
                    let before_chunk = self.chunks.len() > index + 1;
                    f.write_str(&escaped(text, before_chunk))?;
                }
                Chunk::Unreadable(text) | Chunk::Expression(_, text) => f.write_str(text)?,
            }
        }
        Ok(())
    }
}
