//! Keeping of a foreign object what is read, and within bounds.

use kube::core::DynamicObject;
use serde_json::{Map, Value, json};

use super::kinds::ForeignKind;
use super::rendered::{compared_since, digest, otherwise};

/// Longer texts are cut: messages of controllers can quote whole manifests.
const LONGEST_TEXT: usize = 4096;
/// Of longer lists the rest is left out.
const LONGEST_LIST: usize = 5000;
/// What kubectl leaves behind: the whole object once more.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object with the fields that are kept. Without its resource version: two states that differ in nothing that
/// is kept are the same.
pub(super) fn trim(kind: &ForeignKind, object: DynamicObject) -> Value {
    let DynamicObject { metadata, data, .. } = object;
    let mut kept = match keep(&data, kind.keep) {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let annotations = metadata.annotations.unwrap_or_default().into_iter().filter(|(name, _)| name != LAST_APPLIED);
    let annotations: Map<String, Value> = annotations.map(|(name, value)| (name, short(&value))).collect();
    kept.insert("kind".to_owned(), json!(kind.kind));
    let metadata = json!({
        "name": metadata.name.unwrap_or_default(),
        "namespace": metadata.namespace.unwrap_or_default(),
        "uid": metadata.uid.unwrap_or_default(),
        "generation": metadata.generation,
        "creationTimestamp": metadata.creation_timestamp,
        "deletionTimestamp": metadata.deletion_timestamp,
        "labels": metadata.labels.unwrap_or_default(),
        "annotations": annotations,
    });
    kept.insert("metadata".to_owned(), metadata);
    if let Some(digest) = digest(&data, kind.rendered_with) {
        kept.insert("renderedWith".to_owned(), json!(digest));
    }
    if !kind.taken_up.is_empty() && compared_since(&data) {
        kept.insert("comparedSince".to_owned(), json!(true));
    }
    for (told, _) in kind.taken_up.iter().filter(|(_, at)| otherwise(&data, at)) {
        kept.insert((*told).to_owned(), json!(true));
    }
    Value::Object(kept)
}

/// What the paths lead to; `None` when they lead nowhere.
fn keep(value: &Value, paths: &[&str]) -> Option<Value> {
    if paths.contains(&"") {
        return Some(bounded(value));
    }
    match value {
        Value::Object(fields) => {
            let kept = fields.iter().filter_map(|(name, field)| {
                let below: Vec<&str> = paths.iter().filter_map(|path| below(path, name)).collect();
                let kept = if below.is_empty() { None } else { keep(field, &below) };
                Some((name.clone(), kept?))
            });
            Some(Value::Object(kept.collect()))
        }
        Value::Array(items) => {
            Some(Value::Array(items.iter().take(LONGEST_LIST).filter_map(|item| keep(item, paths)).collect()))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// What is left of a path below a field.
fn below<'a>(path: &'a str, field: &str) -> Option<&'a str> {
    match path.split_once('/') {
        Some((first, rest)) => (first == field).then_some(rest),
        None => (path == field).then_some(""),
    }
}

fn bounded(value: &Value) -> Value {
    match value {
        Value::String(text) => short(text),
        Value::Array(items) => items.iter().take(LONGEST_LIST).map(bounded).collect(),
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), bounded(field))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn short(text: &str) -> Value {
    Value::String(text.chars().take(LONGEST_TEXT).collect())
}
