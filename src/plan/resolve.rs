//! The workflow with its templates, and with values in place of its expressions.

use std::collections::BTreeMap;

use assay_api::{TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_expr::Expression;
use k8s_openapi::api::core::v1::{EnvVar, EnvVarSource, SecretKeySelector};

use crate::config::{Given, Parameters, secret_variable, surroundings};
use crate::diagnostic::Findings;
use crate::expressions::{Budget, Scopes, substitute};
use crate::templates::{Expanded, Origins, expand};
use crate::{Diagnostic, Inputs};

/// A workflow whose templates stand in their places and whose expressions have
/// their values.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The workflow. A text whose value is not known stands as it was written.
    /// What steps read (command, arguments, scripts, values of the environment,
    /// working directories, contents of files) are templates also when nothing
    /// in them waits.
    pub spec: TestWorkflowSpec,
    /// The execution, without its templates; absent when the workflow is looked at alone.
    pub inputs: Option<Inputs>,
    /// What is wrong with parameters, values, expressions and references to templates.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the parts of the workflow were written.
    pub(crate) origins: Origins,
    /// Whether parts of it may come from templates that are not at hand.
    pub(crate) partial: bool,
}

/// Resolves a workflow for an execution. Never fails; read the diagnostics.
pub fn resolve(spec: &TestWorkflowSpec, inputs: &Inputs) -> Resolved {
    resolve_with(spec, Some(inputs), Some(&inputs.templates))
}

/// Resolves a workflow for no execution: names that only an execution fills
/// are known but stay as written. Without `templates` nothing is said about
/// references to them.
pub(crate) fn resolve_alone(
    spec: &TestWorkflowSpec,
    templates: Option<&BTreeMap<String, TestWorkflowTemplateSpec>>,
) -> Resolved {
    resolve_with(spec, None, templates)
}

fn resolve_with(
    spec: &TestWorkflowSpec,
    inputs: Option<&Inputs>,
    templates: Option<&BTreeMap<String, TestWorkflowTemplateSpec>>,
) -> Resolved {
    let mut findings = Findings::default();
    let surroundings = surroundings(inputs);
    let parameters = Parameters {
        schemas: &spec.config,
        of: "workflow",
        declared_at: "spec.config".to_owned(),
        given_at: "spec.config".to_owned(),
        given: inputs.map(|inputs| given(inputs, &mut findings)).unwrap_or_default(),
        complete: inputs.is_some(),
    };
    let mut scope = surroundings.clone();
    parameters.add_to(&mut scope, &mut findings);
    let scopes = Scopes::new(scope, parameters.free_text());
    let mut budget = Budget::default();
    let substituted = substitute(spec, "spec", &scopes, &mut budget, &mut findings);
    let Expanded { mut spec, origins, partial } = expand(substituted, templates, &surroundings, budget, &mut findings);
    if let Some(inputs) = inputs {
        add_secrets(&mut spec, inputs);
    }
    Resolved { spec, inputs: inputs.map(Inputs::without_templates), diagnostics: findings.list, origins, partial }
}

/// What an execution gives, as values and by reference.
fn given(inputs: &Inputs, findings: &mut Findings) -> BTreeMap<String, Given> {
    let values = inputs.config.iter().map(|(name, value)| (name.clone(), Given::Value(value.clone())));
    let mut given: BTreeMap<String, Given> = values.collect();
    for (name, source) in &inputs.config_from {
        let path = format!("spec.configFrom.{name}");
        if source.secret_key_ref.name.is_empty() || source.secret_key_ref.key.is_empty() {
            findings.error(format!("{path}.secretKeyRef"), "the Secret is named only in part", "give it name and key");
        }
        let (expression, _) = Expression::parse(&format!("env.{}", secret_variable(name)));
        if given.insert(name.clone(), Given::Later { expression, secret: true }).is_some() {
            let message = "the parameter has a value in spec.config too";
            findings.error(path, message, "keep one of them");
        }
    }
    given
}

/// Values from Secrets reach the steps as environment of their containers.
fn add_secrets(spec: &mut TestWorkflowSpec, inputs: &Inputs) {
    for (name, source) in &inputs.config_from {
        let is_whole = !source.secret_key_ref.name.is_empty() && !source.secret_key_ref.key.is_empty();
        if !is_whole || !spec.config.contains_key(name) {
            continue;
        }
        let (name, key) = (secret_variable(name), &source.secret_key_ref);
        let selector = SecretKeySelector { name: key.name.clone(), key: key.key.clone(), optional: None };
        let value_from = EnvVarSource { secret_key_ref: Some(selector), ..EnvVarSource::default() };
        let env = &mut spec.container.get_or_insert_default().env;
        env.retain(|entry| entry.name != name);
        env.push(EnvVar { name, value: None, value_from: Some(value_from) });
    }
}
