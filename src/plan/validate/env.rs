//! Rules of the environment.

use std::collections::BTreeSet;

use assay_api::ContainerConfig;
use assay_api::names::env::CONFIG_PREFIX;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource};

use crate::diagnostic::Findings;

const RESERVED: &str = "ASSAY_";

pub(super) fn check(path: &str, container: &ContainerConfig, findings: &mut Findings) {
    let mut names = BTreeSet::new();
    for (index, entry) in container.env.iter().enumerate() {
        let path = format!("{path}.env[{index}]");
        check_name(&path, &entry.name, entry.name.starts_with(CONFIG_PREFIX), findings);
        if !names.insert(&entry.name) {
            let message = format!("`{}` is given twice in one list", entry.name);
            findings.error(format!("{path}.name"), message, "keep one of them");
        }
        check_value(&path, entry, &container.env, findings);
    }
    for (index, source) in container.env_from.iter().enumerate() {
        let path = format!("{path}.envFrom[{index}]");
        let named =
            [source.config_map_ref.as_ref().map(|from| &from.name), source.secret_ref.as_ref().map(|from| &from.name)];
        check_sources(
            &path,
            named.into_iter().flatten().map(String::as_str),
            "`configMapRef` or `secretRef`",
            findings,
        );
    }
}

/// Names of parameters from Secrets are put here when a workflow is resolved,
/// and refused there from anybody else.
fn check_name(path: &str, name: &str, is_of_parameter: bool, findings: &mut Findings) {
    let path = format!("{path}.name");
    if findings.is_open(name) {
        return;
    }
    let right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(right) {
        let hint = "use letters, digits and `_`, and do not begin with a digit";
        findings.error(path, format!("`{name}` cannot be the name of an environment variable"), hint);
    } else if name.starts_with(RESERVED) && !is_of_parameter {
        let message = format!("`{name}` is reserved: names that start with `{RESERVED}` are set by Assay");
        findings.error(path, message, "choose another name");
    }
}

fn check_value(path: &str, entry: &EnvVar, all: &[EnvVar], findings: &mut Findings) {
    if let Some(from) = &entry.value_from {
        if entry.value.as_ref().is_some_and(|value| !value.is_empty()) {
            let message = format!("`{}` has both `value` and `valueFrom`", entry.name);
            findings.error(path, message, "keep one of them");
        }
        check_source(&format!("{path}.valueFrom"), from, findings);
    }
    let value = entry.value.as_deref().unwrap_or_default();
    if let Some(other) = all.iter().find(|other| value.contains(&format!("$({})", other.name))) {
        let name = &other.name;
        findings.warning(
            format!("{path}.value"),
            format!("`$({name})` stays as it is: values do not refer to each other"),
            format!("combine them in the script, where `${name}` is known"),
        );
    }
}

fn check_source(path: &str, from: &EnvVarSource, findings: &mut Findings) {
    let secret = from.secret_key_ref.as_ref().map(|from| (&from.name, &from.key));
    let config_map = from.config_map_key_ref.as_ref().map(|from| (&from.name, &from.key));
    let keyed = [secret, config_map].into_iter().flatten();
    let named = keyed.map(|(name, key)| if name.is_empty() { name.as_str() } else { key.as_str() });
    let field = from.field_ref.as_ref().map(|from| from.field_path.as_str());
    let resource = from.resource_field_ref.as_ref().map(|from| from.resource.as_str());
    let what = "`secretKeyRef`, `configMapKeyRef`, `fieldRef` or `resourceFieldRef`";
    check_sources(path, named.chain(field).chain(resource), what, findings);
}

fn check_sources<'a>(path: &str, named: impl Iterator<Item = &'a str>, what: &str, findings: &mut Findings) {
    let named: Vec<&str> = named.collect();
    if named.len() != 1 {
        let message = format!("{} sources are named where one is needed", named.len());
        findings.error(path, message, format!("give it exactly one of {what}"));
    } else if named[0].is_empty() {
        findings.error(path, "the source is named only in part", "give it name and key");
    }
}
