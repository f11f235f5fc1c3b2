//! Text to chunks. A mistake becomes a diagnostic and a chunk that keeps the
//! source, so that everything after it is still read.

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::expression::Expression;
use crate::limits::{LONGEST, MOST_MISTAKES};
use crate::value::Value;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Chunk {
    /// Text as it is.
    Text(String),
    /// A chunk that could not be read, as it was written.
    Unreadable(String),
    /// An expression, and how its chunk was written.
    Expression(Expression, String),
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const LITERAL_HINT: &str = "write a literal `{{` as `{{\"{{\"}}`";

/// Splits a text into chunks.
pub(crate) fn chunks(text: &str) -> (Vec<Chunk>, Vec<Diagnostic>) {
    let (mut chunks, mut diagnostics) = (Vec::new(), Vec::new());
    let mut at = 0;
    while let Some(found) = text[at..].find(OPEN) {
        let open = at + found;
        push_text(&mut chunks, &text[at..open]);
        if diagnostics.len() >= MOST_MISTAKES {
            let fault = Fault::new("the text is not read any further", "correct the mistakes before this place");
            diagnostics.push(fault.at(Span::new(open, text.len())));
            chunks.push(Chunk::Unreadable(text[open..].to_owned()));
            return (chunks, diagnostics);
        }
        let inner = open + OPEN.len();
        let Some(close) = closing(text, inner) else {
            let fault = Fault::new("`{{` has no `}}`", format!("close it, or {LITERAL_HINT}"));
            diagnostics.push(fault.at(Span::new(open, text.len())));
            chunks.push(Chunk::Unreadable(text[open..].to_owned()));
            return (chunks, diagnostics);
        };
        at = close + CLOSE.len();
        push_chunk(&mut chunks, &mut diagnostics, text, Span::new(open, at));
    }
    push_text(&mut chunks, &text[at..]);
    (chunks, diagnostics)
}

fn push_chunk(chunks: &mut Vec<Chunk>, diagnostics: &mut Vec<Diagnostic>, text: &str, span: Span) {
    let inner = span.start + OPEN.len();
    let source = &text[inner..span.end - CLOSE.len()];
    let written = text[span.start..span.end].to_owned();
    if source.trim().is_empty() {
        let hint = format!("write a name such as `{{{{ config.url }}}}`, or {LITERAL_HINT}");
        diagnostics.push(Fault::new("`{{ }}` holds nothing", hint).at(span));
        chunks.push(Chunk::Unreadable(written));
        return;
    }
    let (expression, _) = Expression::parse(source);
    let expression = expression.moved(inner);
    let said = diagnostics.len();
    diagnostics.extend_from_slice(expression.mistakes());
    if let Some(first) = diagnostics.get_mut(said).filter(|_| expression.is_unreadable()) {
        first.hint = format!("{}; {LITERAL_HINT}", first.hint);
    }
    match expression.value() {
        Some(Value::Text(literal)) if expression.mistakes().is_empty() => push_text(chunks, literal),
        _ if expression.is_unreadable() => chunks.push(Chunk::Unreadable(written)),
        _ => chunks.push(Chunk::Expression(expression, written)),
    }
}

/// Adds text, to the text before it if there is some.
pub(crate) fn push_text(chunks: &mut Vec<Chunk>, text: &str) {
    match chunks.last_mut() {
        _ if text.is_empty() => {}
        Some(Chunk::Text(before)) => before.push_str(text),
        _ => chunks.push(Chunk::Text(text.to_owned())),
    }
}

/// The chunk of an expression.
pub(crate) fn written(expression: &Expression) -> String {
    let text = expression.to_string();
    let (open, close) = (text.starts_with('{'), text.ends_with('}'));
    if open || close { format!("{{{{ {text} }}}}") } else { format!("{{{{{text}}}}}") }
}

/// Text as it is written in a template: every `{{` in it becomes a chunk, and so
/// does a brace that would run into the chunk behind it.
pub(crate) fn escaped(text: &str, before_chunk: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('{') {
        let tail = &rest[start..];
        let braces = tail.len() - tail.trim_start_matches('{').len();
        escaped.push_str(&rest[..start]);
        let is_last = braces == tail.len();
        if braces > 1 || (is_last && before_chunk) {
            escaped.push_str(&format!("{{{{\"{}\"}}}}", &tail[..braces]));
        } else {
            escaped.push('{');
        }
        rest = &tail[braces..];
    }
    escaped.push_str(rest);
    escaped
}

/// Where `}}` begins. Quotes and braces hide it; a text whose quotes or braces
/// do not match is read again without regard to them.
fn closing(text: &str, from: usize) -> Option<usize> {
    let (mut quote, mut escaped, mut open) = (None, false, 0usize);
    for (offset, letter) in text[from..].char_indices().take_while(|(offset, _)| *offset <= LONGEST) {
        match (quote, letter) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(sign), _) if sign == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{') => open += 1,
            (None, '}') if open > 0 => open -= 1,
            (None, '}') if text[from + offset..].starts_with(CLOSE) => return Some(from + offset),
            _ => {}
        }
    }
    text[from..].find(CLOSE).map(|offset| from + offset)
}
