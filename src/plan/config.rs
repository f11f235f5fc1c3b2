//! Values of parameters: checked against their declarations, and made into the
//! names that expressions may use.

use assay_api::{ConfigValues, ParameterSchema, ParameterType, TestWorkflowSpec};
use assay_expr::{Scope, closest};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::Inputs;
use crate::diagnostic::Findings;

/// The names of an execution. Without inputs, names whose value only an
/// execution brings are known but have none.
pub(crate) fn scope(spec: &TestWorkflowSpec, inputs: Option<&Inputs>, findings: &mut Findings) -> Scope {
    let mut scope = Scope::new();
    match inputs {
        Some(inputs) => {
            scope.set("execution.name", &inputs.execution);
            scope.set("execution.namespace", &inputs.namespace);
            scope.set("execution.revision", inputs.revision.as_deref().unwrap_or_default());
            scope.set("workflow.name", &inputs.workflow);
        }
        None => {
            for name in ["execution.name", "execution.namespace", "execution.revision", "workflow.name"] {
                scope.declare(name);
            }
        }
    }
    for (name, schema) in &spec.config {
        check_schema(name, schema, findings);
        let given = inputs.and_then(|inputs| inputs.config.get(name));
        match given.or(schema.default.as_ref()) {
            Some(value) => scope.set(format!("config.{name}"), text(value)),
            None => scope.declare(format!("config.{name}")),
        }
    }
    if let Some(inputs) = inputs {
        check_values(spec, &inputs.config, findings);
    }
    scope
}

/// A value as text.
pub(crate) fn text(value: &IntOrString) -> String {
    match value {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(text) => text.clone(),
    }
}

fn check_schema(name: &str, schema: &ParameterSchema, findings: &mut Findings) {
    let path = format!("spec.config.{name}");
    let is_word = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !is_word {
        let message = format!("no expression can refer to the name `{name}`");
        findings.error(&path, message, "use letters, digits and `_`, and begin with a letter");
    }
    for (index, value) in schema.enum_.iter().enumerate() {
        check_type(&format!("{path}.enum[{index}]"), value, schema.type_, findings);
    }
    if let Some(value) = &schema.default {
        check_value(&format!("{path}.default"), value, schema, findings);
    }
}

fn check_values(spec: &TestWorkflowSpec, values: &ConfigValues, findings: &mut Findings) {
    for (name, value) in values {
        let path = format!("spec.config.{name}");
        match spec.config.get(name) {
            Some(schema) => check_value(&path, value, schema, findings),
            None => findings.error(path, "the workflow has no parameter of this name", known(spec, name)),
        }
    }
    for (name, schema) in &spec.config {
        if schema.default.is_none() && !values.contains_key(name) {
            findings.error(
                format!("spec.config.{name}"),
                "required: the workflow gives no default",
                format!("set it in the execution's spec.config or with --config {name}=..."),
            );
        }
    }
}

fn known(spec: &TestWorkflowSpec, name: &str) -> String {
    let names: Vec<&str> = spec.config.keys().map(String::as_str).collect();
    if names.is_empty() {
        return "remove it: the workflow has no parameters".to_owned();
    }
    let listed = names.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match closest(name, names) {
        Some(meant) => format!("did you mean `{meant}`? Known: {listed}"),
        None => format!("known: {listed}"),
    }
}

fn check_value(path: &str, value: &IntOrString, schema: &ParameterSchema, findings: &mut Findings) {
    if !check_type(path, value, schema.type_, findings) || schema.enum_.is_empty() {
        return;
    }
    let given = text(value);
    if !schema.enum_.iter().any(|allowed| text(allowed) == given) {
        let allowed = schema.enum_.iter().map(|value| format!("`{}`", text(value))).collect::<Vec<_>>().join(", ");
        findings.error(path, format!("`{given}` is not one of the allowed values"), format!("use one of {allowed}"));
    }
}

fn check_type(path: &str, value: &IntOrString, type_: ParameterType, findings: &mut Findings) -> bool {
    let given = text(value);
    let (right, what, hint) = match type_ {
        ParameterType::String => (true, "", ""),
        ParameterType::Integer => (given.parse::<i64>().is_ok(), "a whole number", "give for example 3"),
        ParameterType::Number => {
            let right = given.parse::<f64>().is_ok_and(f64::is_finite);
            (right, "a number", "give for example 3 or \"0.5\"")
        }
        ParameterType::Boolean => {
            (matches!(given.as_str(), "true" | "false"), "a boolean", "give \"true\" or \"false\"")
        }
    };
    if !right {
        findings.error(path, format!("`{given}` is not {what}"), hint);
    }
    right
}
