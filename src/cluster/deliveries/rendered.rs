//! What an object is rendered with beside its repository: values, parameters, patches. They may be secret, so that
//! nothing of them is kept but a digest, and whether the controller has taken them up.

use jiff::Timestamp;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// SHA-256 over what the pointers lead to; `None` when that is nothing.
pub(super) fn digest(data: &Value, pointers: &[&str]) -> Option<String> {
    let found = pointers.iter().filter_map(|pointer| Some(format!("{pointer}={}\n", lean(data.pointer(pointer)?)?)));
    let text: String = found.collect();
    (!text.is_empty()).then(|| Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether what Argo CD says at this place of its status, of a comparison or an operation, is about other sources than
/// the object names by now. It cannot be told of a hydrated one, where the controller syncs what it wrote itself.
pub(super) fn otherwise(data: &Value, at: &str) -> bool {
    let hydrated = data.pointer("/spec/sourceHydrator").is_some_and(|hydrator| !hydrator.is_null());
    let (Some(named), Some(told)) = (sources(data, "/spec"), sources(data, at)) else { return false };
    !hydrated && named != told
}

/// The sources of an object with `source` and `sources`, without what is written in one way and read in another.
fn sources(data: &Value, at: &str) -> Option<Value> {
    let told = |field: &str| data.pointer(&format!("{at}/{field}")).and_then(lean);
    told("sources").or_else(|| told("source"))
}

/// A value without what says nothing: a controller writes such fields as it likes.
fn lean(value: &Value) -> Option<Value> {
    match value {
        Value::Null | Value::Bool(false) => None,
        Value::Number(number) => (number.as_f64() != Some(0.0)).then(|| value.clone()),
        Value::String(text) => (!text.is_empty()).then(|| value.clone()),
        Value::Array(items) => (!items.is_empty())
            .then(|| Value::Array(items.iter().map(|item| lean(item).unwrap_or(Value::Null)).collect())),
        Value::Object(fields) => {
            // Values of a chart are kept as somebody wrote them, as `false` is not nothing there; but what is `null` is
            // lost on its way into a status.
            let kept = |name: &str, field: &Value| {
                if name == "valuesObject" { without_nulls(field) } else { lean(field) }
            };
            let left: Map<String, Value> =
                fields.iter().filter_map(|(name, field)| Some((name.clone(), kept(name, field)?))).collect();
            (!left.is_empty()).then_some(Value::Object(left))
        }
        Value::Bool(true) => Some(value.clone()),
    }
}

fn without_nulls(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Null => return None,
        Value::Array(items) => Value::Array(items.iter().filter_map(without_nulls).collect()),
        Value::Object(fields) => {
            let left = fields.iter().filter_map(|(name, field)| Some((name.clone(), without_nulls(field)?)));
            Value::Object(left.collect())
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    })
}

/// Whether Argo CD has compared since its last operation ended.
pub(super) fn compared_since(data: &Value) -> bool {
    let time =
        |pointer: &str| data.pointer(pointer).and_then(Value::as_str).and_then(|text| text.parse::<Timestamp>().ok());
    match (time("/status/reconciledAt"), time("/status/operationState/finishedAt")) {
        (Some(compared), Some(finished)) => compared > finished,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comparison_counts_when_it_is_newer_than_the_operation() {
        let since = |reconciled: &str, finished: &str| {
            compared_since(
                &json!({ "status": { "reconciledAt": reconciled, "operationState": { "finishedAt": finished } } }),
            )
        };
        assert!(since("2026-11-26T09:00:02Z", "2026-11-26T09:00:01Z"));
        assert!(!since("2026-11-26T09:00:01Z", "2026-11-26T09:00:01Z"));
        assert!(!compared_since(&json!({ "status": { "reconciledAt": "2026-11-26T09:00:02Z" } })), "it goes on");
    }

    #[test]
    fn what_was_taken_up_is_told_from_what_was_not() {
        let source = |values: &str| json!({ "repoURL": "r", "path": "p", "helm": { "values": values }, "kustomize": { "images": [] } });
        let read =
            |value: &str| json!({ "helm": { "values": value }, "path": "p", "repoURL": "r", "targetRevision": "" });
        let chart = |values: Value| json!({ "source": { "repoURL": "r", "helm": { "valuesObject": values } } });
        for (spec, status, expected) in [
            (json!({ "source": source("a") }), json!({ "source": read("a") }), false),
            (json!({ "source": source("a") }), json!({ "source": read("b") }), true),
            (json!({ "source": source("a"), "sources": [] }), json!({ "source": read("a"), "sources": null }), false),
            (json!({ "sources": [source("a"), source("b")] }), json!({ "sources": [read("a"), read("b")] }), false),
            (json!({ "sources": [source("a"), source("b")] }), json!({ "sources": [read("b"), read("a")] }), true),
            (json!({ "source": source("a") }), json!({ "sources": [read("a")] }), true),
            (json!({ "source": source("a") }), json!({}), false),
            (chart(json!({ "a": false })), chart(json!({})), true),
            (chart(json!({ "a": false, "b": { "c": null } })), chart(json!({ "a": false, "b": {} })), false),
            (json!({ "source": source("a") }), Value::Null, false),
            (json!({ "source": source("a"), "sourceHydrator": {} }), json!({ "source": read("b") }), false),
        ] {
            let data = json!({ "spec": spec, "status": { "sync": { "comparedTo": status } } });
            assert_eq!(otherwise(&data, "/status/sync/comparedTo"), expected, "{data}");
        }
    }
}
