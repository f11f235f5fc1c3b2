//! The CustomResourceDefinitions, generated from the types of this crate.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::{GitWriteAccess, Rollback, TestExecution, TestGate, TestWorkflow, TestWorkflowTemplate};

/// Steps of `steps` are typed down to this nesting depth; below it, and below
/// the first level of `setup` and `after`, they are kept as they are and judged by `plan`.
pub const STEP_DEPTH: usize = 3;

/// All definitions, in the order in which they are to be applied.
///
/// # Panics
/// Never with the types of this crate: a test builds them all.
pub fn all() -> Vec<CustomResourceDefinition> {
    let definitions = [
        TestWorkflow::crd(),
        TestWorkflowTemplate::crd(),
        TestExecution::crd(),
        TestGate::crd(),
        Rollback::crd(),
        GitWriteAccess::crd(),
    ];
    definitions.into_iter().map(finish).collect()
}

fn finish(definition: CustomResourceDefinition) -> CustomResourceDefinition {
    let mut value = serde_json::to_value(definition).expect("a definition made of plain data serialises");
    if let Some(root) = value.pointer_mut("/spec/versions/0/schema/openAPIV3Schema/properties") {
        if let Some(status) = root.get_mut("status") {
            status["default"] = json!({ "observedGeneration": -1 });
        }
        if let Some(spec) = root.get_mut("spec").and_then(|spec| spec.get_mut("properties")) {
            strip_foreign_descriptions(spec);
            deepen_steps(spec);
        }
    }
    serde_json::from_value(value).expect("an edited definition is still a definition")
}

/// Gives nested `steps` the schema of steps, [`STEP_DEPTH`] deep. In `setup` and
/// `after`, where nesting is rare, nested steps are kept as they are. Nested
/// levels carry no descriptions (the first level has them), and a nested
/// `setup` is kept as it is too: typing both lists would double the definition
/// with every level.
fn deepen_steps(spec: &mut Value) {
    let Some(leaf) = spec.pointer("/steps/items").cloned() else { return };
    let mut bare = leaf;
    strip_inner_descriptions(&mut bare);
    let nested = (2..STEP_DEPTH).fold(bare.clone(), |inner, _| {
        let mut outer = bare.clone();
        set_nested(&mut outer, inner);
        outer
    });
    if let Some(items) = spec.pointer_mut("/steps/items") {
        set_nested(items, nested);
    }
    for list in ["setup", "after"] {
        if let Some(items) = spec.pointer_mut(&format!("/{list}/items")) {
            strip_inner_descriptions(items);
        }
    }
}

fn set_nested(step: &mut Value, schema: Value) {
    if let Some(items) = step.pointer_mut("/properties/steps/items") {
        *items = schema;
    }
}

/// Fields of Kubernetes' own types are described by Kubernetes; repeating
/// their texts at every nesting depth would make the definition huge.
const FOREIGN: [&str; 4] = ["env", "envFrom", "resources", "securityContext"];

fn strip_foreign_descriptions(properties: &mut Value) {
    let Some(properties) = properties.as_object_mut() else { return };
    for (name, schema) in properties.iter_mut() {
        if FOREIGN.contains(&name.as_str()) {
            strip_inner_descriptions(schema);
        } else {
            descend(schema, strip_foreign_descriptions);
        }
    }
}

fn descend(schema: &mut Value, visit: fn(&mut Value)) {
    if let Some(inner) = schema.get_mut("properties") {
        visit(inner);
    }
    if let Some(items) = schema.get_mut("items") {
        descend(items, visit);
    }
}

fn strip_inner_descriptions(schema: &mut Value) {
    match schema {
        Value::Object(fields) => strip_object(fields),
        Value::Array(items) => items.iter_mut().for_each(strip_inner_descriptions),
        _ => {}
    }
}

fn strip_object(fields: &mut Map<String, Value>) {
    for (name, value) in fields.iter_mut() {
        if name == "properties" {
            if let Some(properties) = value.as_object_mut() {
                for property in properties.values_mut() {
                    if let Some(property) = property.as_object_mut() {
                        property.remove("description");
                    }
                    strip_inner_descriptions(property);
                }
            }
        } else {
            strip_inner_descriptions(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(kind: &str) -> Value {
        let definition = all().into_iter().find(|d| d.spec.names.kind == kind).expect("a known kind");
        let value = serde_json::to_value(definition).expect("serialises");
        value.pointer("/spec/versions/0/schema/openAPIV3Schema/properties").cloned().expect("a schema")
    }

    #[test]
    fn definitions_stay_small() {
        for definition in all() {
            let bytes = serde_json::to_vec(&definition).expect("serialises").len();
            assert!(bytes < 200_000, "{} is {bytes} bytes", definition.spec.names.kind);
            // As text it goes into the annotation of `kubectl apply`, and that has a limit.
            let value = serde_json::to_value(&definition).expect("serialises");
            let text = serde_yaml::to_string(&value).expect("serialises").len();
            assert!(text < 230_000, "{} is {text} bytes as YAML", definition.spec.names.kind);
        }
    }

    #[test]
    fn steps_are_typed_three_deep_and_kept_below() {
        let spec = &schema("TestWorkflow")["spec"]["properties"];
        let third = "/steps/items/properties/steps/items/properties/steps/items/properties";
        assert!(spec.pointer(&format!("{third}/shell")).is_some());
        let fourth = spec.pointer(&format!("{third}/steps/items")).expect("a fourth level");
        assert_eq!(fourth["x-kubernetes-preserve-unknown-fields"], true);
    }

    #[test]
    fn a_status_is_born_unobserved_and_its_conditions_are_a_map() {
        for definition in all() {
            let kind = definition.spec.names.kind.as_str();
            let status = &schema(kind)["status"];
            assert_eq!(status["default"]["observedGeneration"], -1, "{kind}");
            assert_eq!(status["properties"]["conditions"]["x-kubernetes-list-type"], "map", "{kind}");
        }
    }
}
