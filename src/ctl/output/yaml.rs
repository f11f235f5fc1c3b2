//! YAML that every reader understands alike. Texts that a YAML 1.1 reader
//! (kubectl) would take for something else (`yes`, `0644`, `1_000`, `22:22`)
//! are quoted; so is everything that is not plainly a word.

use serde::Serialize;
use serde_json::Value;

use crate::failure::Failure;

/// An object as JSON or YAML, ended by a newline.
///
/// # Errors
/// When it does not serialise.
pub(crate) fn of_object(object: &impl Serialize, json: bool) -> Result<String, Failure> {
    let value = serde_json::to_value(object)
        .map_err(|error| Failure::errored(format!("an object does not serialise: {error}")))?;
    Ok(if json { format!("{value:#}\n") } else { document(&value) })
}

/// The value as a YAML document, ended by a newline.
pub(crate) fn document(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => block(value, 0, &mut out),
        Value::Array(items) if !items.is_empty() => block(value, 0, &mut out),
        _ => {
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
    out
}

fn block(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                indent(depth, out);
                entry(&text(name), value, depth, out);
            }
        }
        Value::Array(items) => {
            for item in items {
                indent(depth, out);
                out.push_str("- ");
                match item {
                    Value::Object(fields) if !fields.is_empty() => {
                        // The first field stands behind the dash, the others below it.
                        let mut inner = String::new();
                        block(item, depth + 1, &mut inner);
                        out.push_str(inner.trim_start_matches(' '));
                    }
                    Value::Array(items) if !items.is_empty() => {
                        let mut inner = String::new();
                        block(item, depth + 1, &mut inner);
                        out.push_str(inner.trim_start_matches(' '));
                    }
                    _ => {
                        out.push_str(&scalar(item));
                        out.push('\n');
                    }
                }
            }
        }
        _ => {}
    }
}

fn entry(name: &str, value: &Value, depth: usize, out: &mut String) {
    out.push_str(name);
    out.push(':');
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            out.push('\n');
            block(value, depth + 1, out);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            block(value, depth, out);
        }
        _ => {
            out.push(' ');
            out.push_str(&scalar(value));
            out.push('\n');
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::String(value) => text(value),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
    }
}

/// Words that YAML 1.1 takes for booleans or nothing.
const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];

fn text(value: &str) -> String {
    let mut characters = value.chars();
    let begins = characters.next().is_some_and(|c| c.is_ascii_alphabetic());
    let goes_on = characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    if begins && goes_on && !WORDS.contains(&value.to_ascii_lowercase().as_str()) {
        return value.to_owned();
    }
    quoted(value)
}

/// A JSON text is a YAML text, once what YAML does not print is escaped.
fn quoted(value: &str) -> String {
    let json = Value::from(value).to_string();
    let mut out = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_back_as_it_was() {
        let odd = "a\u{7f}\u{85}\u{2028}\u{feff}\u{1}\"\\\n\t🙂: # - ";
        let value = json!({
            "plain": "word", "yes": "yes", "on": { "a": [], "b": {}, "c": null },
            "list": [[1, [2]], { "x": [{ "y": "No", "z": { "w": 1.5 } }] }, "0644", "1_000", "22:22", "~", "", " a", true],
            "text": odd, "0x1f": "0x1f", "key: odd": "- a", "multi": "a\nb\n", "nan": ".nan", "date": "2026-01-02",
        });
        let text = document(&value);
        let back: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(back, value, "{text}");
    }

    #[test]
    fn words_of_older_readers_are_quoted() {
        for word in ["yes", "No", "ON", "off", "y", "N", "true", "null", "0644", "1_000", "22:22", "1e3", "~", "NaN"] {
            assert_eq!(text(word), format!("\"{word}\""));
        }
        assert_eq!(text("assay.dev/v1alpha1"), "assay.dev/v1alpha1");
    }

    #[test]
    fn it_looks_like_yaml() {
        let value =
            json!({ "kind": "Job", "spec": { "containers": [{ "name": "a", "args": ["x"] }, { "name": "b" }] } });
        let expected = "kind: Job\nspec:\n  containers:\n  - name: a\n    args:\n    - x\n  - name: b\n";
        assert_eq!(
            document(&serde_json::from_str(&value.to_string()).expect("json")).lines().count(),
            expected.lines().count()
        );
        let back: Value = serde_yaml::from_str(&document(&value)).expect("YAML");
        assert_eq!(back, value);
    }
}
