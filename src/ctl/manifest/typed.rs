//! A document as the object it claims to be; fields that nobody knows are
//! found, not dropped.

use serde::de::DeserializeOwned;
use serde_ignored::Path;

use crate::manifest::finding::Finding;
use crate::manifest::places::{Places, Spot};
use crate::manifest::schema::siblings;

/// Reads a document as a `kind`.
pub(crate) fn read<K: DeserializeOwned>(
    document: serde_yaml::Deserializer<'_>,
    kind: &str,
    places: &Places,
    findings: &mut Vec<Finding>,
) -> Option<K> {
    let mut unknown = Vec::new();
    let object = serde_ignored::deserialize(document, |path| unknown.push(written(&path)));
    for path in unknown {
        // The head was looked at before, and the status is the API server's.
        let elsewhere = ["apiVersion", "kind", "status"].contains(&path.as_str()) || path.starts_with("status.");
        if !elsewhere {
            findings.push(unknown_field(kind, &path, places));
        }
    }
    match object {
        Ok(object) => Some(object),
        Err(error) => {
            findings.push(wrong_type(&error, places));
            None
        }
    }
}

fn unknown_field(kind: &str, path: &str, places: &Places) -> Finding {
    let name = path.rsplit('.').next().unwrap_or(path);
    let known = siblings(kind, path);
    let hint = match assay_expr::closest(name, known.iter().map(String::as_str)) {
        Some(closest) => format!("did you mean `{closest}`?"),
        None if known.is_empty() || known.len() > 30 => String::new(),
        None => format!("known here: {}", known.join(", ")),
    };
    Finding::error(Some(places.spot(path)), path, format!("unknown field `{name}`"), hint)
}

/// `spec.steps[0].shel: invalid type: ... at line 3 column 7`, taken apart.
fn wrong_type(error: &serde_yaml::Error, places: &Places) -> Finding {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let (path, message) = match text.split_once(": ") {
        Some((path, message)) if is_path(path) => (path, message),
        _ => ("", text),
    };
    let located = error.location().map(|location| Spot { line: location.line(), column: location.column() });
    let spot = if path.is_empty() { located } else { Some(places.spot(path)) };
    Finding::error(spot, path, message, hint(message))
}

fn hint(message: &str) -> &'static str {
    if message.contains("expected a boolean") {
        "write `true` or `false`"
    } else if message.contains("expected a string") {
        "put it in quotes"
    } else {
        ""
    }
}

fn is_path(text: &str) -> bool {
    ["spec", "metadata", "status"].iter().any(|root| {
        text.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('['))
    }) && !text.contains(' ')
}

/// The path as people write it.
fn written(path: &Path<'_>) -> String {
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", written(parent)),
        Path::Map { parent, key } => match written(parent) {
            parent if parent.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => written(parent),
    }
}
