//! The parameters, and which values they have.

use assay_api::{ParameterSchema, TestWorkflowSpec};
use assay_plan::Inputs;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::words::short;
use crate::output::terminal::plain;

/// A line for each parameter.
pub(super) fn values(spec: &TestWorkflowSpec, inputs: &Inputs) -> String {
    if spec.config.is_empty() {
        return String::new();
    }
    let lines = spec.config.iter().map(|(name, schema)| format!("  {}\n", line(name, schema, inputs)));
    format!("\nValues:\n{}", lines.collect::<String>())
}

fn line(name: &str, schema: &ParameterSchema, inputs: &Inputs) -> String {
    let name = plain(name);
    if let Some(source) = inputs.config_from.get(&name) {
        let key = &source.secret_key_ref;
        return format!("{name}: key {} of Secret {}; masked in all output", plain(&key.key), plain(&key.name));
    }
    let about = schema.description.as_deref().map(|text| format!("  ({})", short(text))).unwrap_or_default();
    match (inputs.config.get(&name), &schema.default) {
        (Some(given), _) => format!("{name} = {}{about}", written(given)),
        (None, Some(default)) => format!("{name} = {}, the default{about}", written(default)),
        (None, None) => format!("{name}: no value{about}"),
    }
}

fn written(value: &IntOrString) -> String {
    match value {
        IntOrString::Int(value) => value.to_string(),
        IntOrString::String(value) => short(&format!("{value:?}")),
    }
}
