//! The names of fields that would have been right, from the definitions
//! themselves.

use serde_json::Value;

/// Metadata that people write.
const METADATA: [&str; 5] = ["name", "namespace", "labels", "annotations", "generateName"];
/// Fields of every object.
const ROOT: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// The fields that an object of a kind may have beside the one at `path`
/// (`spec.steps[0].shel`); empty when that is not known.
pub(crate) fn siblings(kind: &str, path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split(['.', '[']).map(|part| part.trim_end_matches(']')).collect();
    let Some((_, around)) = parts.split_last() else { return Vec::new() };
    match around.first() {
        None => ROOT.iter().map(|name| (*name).to_owned()).collect(),
        Some(&"metadata") => METADATA.iter().map(|name| (*name).to_owned()).collect(),
        Some(_) => from_definition(kind, around).unwrap_or_default(),
    }
}

fn from_definition(kind: &str, around: &[&str]) -> Option<Vec<String>> {
    let definition = assay_api::crd::all().into_iter().find(|definition| definition.spec.names.kind == kind)?;
    let definition = serde_json::to_value(definition).ok()?;
    let mut schema: &Value = definition.pointer("/spec/versions/0/schema/openAPIV3Schema")?;
    for part in around {
        let named = schema.get("properties").and_then(|properties| properties.get(part));
        schema = named.or_else(|| schema.get("items")).or_else(|| schema.get("additionalProperties"))?;
    }
    Some(schema.get("properties")?.as_object()?.keys().cloned().collect())
}
