//! Looking into objects of others, any field of which may be absent or of another type.

use jiff::Timestamp;
use serde_json::Value;

use crate::repository_url::without_credentials;

/// The text at a JSON pointer; an empty one counts as absent.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer)?.as_str().filter(|text| !text.is_empty())
}

/// The text at a JSON pointer as its own, empty when absent.
pub(super) fn owned(object: &Value, pointer: &str) -> String {
    text(object, pointer).unwrap_or_default().to_owned()
}

/// The whole number at a JSON pointer.
pub(super) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer)?.as_i64()
}

/// The truth value at a JSON pointer; `false` when absent.
pub(super) fn flag(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// The list at a JSON pointer; empty when absent.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The moment at a JSON pointer.
pub(super) fn moment(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer)?.parse().ok()
}

/// An annotation.
pub(super) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    text(object.pointer("/metadata/annotations")?, &format!("/{}", escaped(name)))
}

/// A label.
pub(super) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    text(object.pointer("/metadata/labels")?, &format!("/{}", escaped(name)))
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == Some(kind))
}

/// Status, reason and message of a condition; empty when absent.
pub(super) fn condition_words<'a>(object: &'a Value, kind: &str) -> (&'a str, &'a str, &'a str) {
    let Some(found) = condition(object, kind) else { return ("", "", "") };
    let word = |pointer| text(found, pointer).unwrap_or_default();
    (word("/status"), word("/reason"), word("/message"))
}

/// Whether a condition is about the object as it is now. One that does not say so is.
pub(super) fn is_about_now(object: &Value, kind: &str) -> bool {
    let observed = condition(object, kind).and_then(|found| number(found, "/observedGeneration"));
    observed.is_none_or(|observed| Some(observed) == number(object, "/metadata/generation"))
}

/// What a controller says, cut, and without what opens a repository.
pub(super) fn cited(message: &str) -> String {
    without_credentials(message).chars().take(200).collect()
}

/// A name as a step of a JSON pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
