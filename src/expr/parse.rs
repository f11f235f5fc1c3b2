//! Text to chunks. A mistake becomes a diagnostic and a chunk that keeps the
//! source, so that everything after it is still read.

use crate::{Diagnostic, Span};

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// Text as it is.
    Text(String),
    /// A dotted name, with the span of its whole chunk.
    Name(String, Span),
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
        let Some(close) = closing(text, open + OPEN.len()) else {
            diagnostics.push(Diagnostic {
                span: Span::new(open, text.len()),
                message: "`{{` has no `}}`".to_owned(),
                hint: format!("close it, or {LITERAL_HINT}"),
            });
            at = open;
            break;
        };
        let span = Span::new(open, close + CLOSE.len());
        match inside(&text[open + OPEN.len()..close], span) {
            Ok(Chunk::Text(literal)) => push_text(&mut chunks, &literal),
            Ok(chunk) => chunks.push(chunk),
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                push_text(&mut chunks, &text[span.start..span.end]);
            }
        }
        at = span.end;
    }
    push_text(&mut chunks, &text[at..]);
    (chunks, diagnostics)
}

fn push_text(chunks: &mut Vec<Chunk>, text: &str) {
    match chunks.last_mut() {
        _ if text.is_empty() => {}
        Some(Chunk::Text(before)) => before.push_str(text),
        _ => chunks.push(Chunk::Text(text.to_owned())),
    }
}

/// Where `}}` begins. Quotes hide it; a text whose quotes do not match is read
/// again without regard to them.
fn closing(text: &str, from: usize) -> Option<usize> {
    let mut quoted = false;
    let mut escaped = false;
    for (offset, letter) in text[from..].char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted && text[from + offset..].starts_with(CLOSE) => return Some(from + offset),
            '\n' if quoted => break,
            _ => {}
        }
    }
    text[from..].find(CLOSE).map(|offset| from + offset)
}

fn inside(source: &str, span: Span) -> Result<Chunk, Diagnostic> {
    let trimmed = source.trim();
    if trimmed.is_empty() {
        return Err(Diagnostic {
            span,
            message: "`{{ }}` holds nothing".to_owned(),
            hint: format!("write a name such as `{{{{ config.url }}}}`, or {LITERAL_HINT}"),
        });
    }
    if let Some(literal) = literal(trimmed) {
        return Ok(Chunk::Text(literal));
    }
    if is_name(trimmed) {
        return Ok(Chunk::Name(trimmed.to_owned(), span));
    }
    Err(Diagnostic {
        span,
        message: format!("`{{{{ {trimmed} }}}}` is not a name"),
        hint: format!("this version of Assay takes names such as `{{{{ config.url }}}}` only; {LITERAL_HINT}"),
    })
}

/// The text of `"..."`, if the source is exactly that.
fn literal(source: &str) -> Option<String> {
    let body = source.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(body.len());
    let mut letters = body.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return None,
            '\\' => text.push(match letters.next()? {
                'n' => '\n',
                't' => '\t',
                other @ ('"' | '\\') => other,
                _ => return None,
            }),
            other => text.push(other),
        }
    }
    Some(text)
}

fn is_name(source: &str) -> bool {
    source.split('.').all(|part| {
        part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
