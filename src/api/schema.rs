//! Hand-written schema fragments where the derived ones would not be
//! structural, or would make a list atomic under server-side apply.

use schemars::{Schema, SchemaGenerator, json_schema};

/// Value of `observedGeneration` before the first visit. kstatus then reads
/// the object as in progress instead of trusting an old status.
pub const fn never_observed() -> i64 {
    -1
}

/// `observedGeneration` with its default of -1.
pub fn observed_generation(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "integer", "format": "int64", "default": -1 })
}

/// Conditions as a map list by type, so that two writers do not erase each other.
pub fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 16,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["type", "status", "reason", "message", "lastTransitionTime"],
            "properties": {
                "type": { "type": "string", "maxLength": 316 },
                "status": { "type": "string", "enum": ["True", "False", "Unknown"] },
                "reason": { "type": "string", "minLength": 1, "maxLength": 1024 },
                "message": { "type": "string", "maxLength": 32768 },
                "observedGeneration": { "type": "integer", "format": "int64", "minimum": 0 },
                "lastTransitionTime": { "type": "string", "format": "date-time" },
            },
        },
    })
}

/// Values of parameters: bounded, so that the immutability rule stays within
/// the API server's cost budget.
pub fn config_values(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "maxProperties": 100,
        "additionalProperties": { "x-kubernetes-int-or-string": true },
    })
}

/// Requests and limits: the derived schema repeats the long description of
/// resource claims, which steps do not have, in every step of the definition.
pub fn resources(_: &mut SchemaGenerator) -> Schema {
    let quantities = json_schema!({
        "type": "object",
        "maxProperties": 32,
        "additionalProperties": { "x-kubernetes-int-or-string": true },
    });
    json_schema!({ "type": "object", "properties": { "limits": quantities, "requests": quantities } })
}

/// Mounts of volumes: the derived schema repeats long descriptions in every step.
pub fn volume_mounts(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 100,
        "items": {
            "type": "object",
            "required": ["name", "mountPath"],
            "properties": {
                "name": { "type": "string" },
                "mountPath": { "type": "string" },
                "mountPropagation": { "type": "string" },
                "readOnly": { "type": "boolean" },
                "recursiveReadOnly": { "type": "string" },
                "subPath": { "type": "string" },
                "subPathExpr": { "type": "string" },
            },
        },
    })
}

/// Where a value comes from, as an environment variable has it.
pub fn value_source(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

/// Nested steps. A recursive schema is not structural, so this is the marker
/// that [`crate::crd`] replaces by typed steps down to its depth limit.
pub fn nested_steps(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 100,
        "items": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
    })
}
