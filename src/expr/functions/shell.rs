//! Words of a POSIX shell.

use super::call::Call;
use crate::diagnostic::Fault;
use crate::value::{ITEM, Value};

/// The arguments as words that a shell reads back unchanged.
pub(crate) fn quote(call: &Call<'_>) -> Result<Value, Fault> {
    let words: Vec<String> = call.values.iter().map(|value| quoted(&value.text())).collect();
    Ok(words.join(" ").into())
}

fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The words of a text, as a shell splits them. Nothing is expanded.
pub(crate) fn parse(call: &Call<'_>) -> Result<Value, Fault> {
    call.fits(call.text(0)?.split_ascii_whitespace().count() * ITEM)?;
    let mut words: Vec<Value> = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = call.text(0)?.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some('"'), '\\') => push_escaped(&mut letters, &mut word),
            (None, '\\') => word.get_or_insert_default().push(letters.next().ok_or_else(|| unclosed('\\'))?),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_ascii_whitespace() => words.extend(word.take().map(Value::Text)),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    if let Some(open) = quote {
        return Err(unclosed(open));
    }
    words.extend(word.map(Value::Text));
    Ok(words.into())
}

/// In double quotes a backslash is special before few letters only.
fn push_escaped(letters: &mut std::str::Chars<'_>, word: &mut Option<String>) {
    let word = word.get_or_insert_default();
    match letters.next() {
        Some(letter @ ('"' | '\\' | '$' | '`')) => word.push(letter),
        Some('\n') => {}
        Some(letter) => word.extend(['\\', letter]),
        None => word.push('\\'),
    }
}

fn unclosed(sign: char) -> Fault {
    let what = if sign == '\\' { "nothing follows" } else { "nothing closes" };
    Fault::new(format!("{what} `{sign}` in the text"), "a shell would read on: complete the text")
}
