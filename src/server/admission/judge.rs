//! What is wrong with an object, by the rules of `assay-plan` and, for gates and grants, of `assay-gitops`.

use std::collections::BTreeMap;

use assay_api::{TestExecutionSpec, TestWorkflow, TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_gitops::{SpecMistake, access_mistakes, gate_mistakes};
use assay_plan::{Diagnostic, Inputs, resolve, templates_used, validate, validate_template, validate_workflow};
use assay_telemetry::error_chain;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::review::{Request, Verdict};
use crate::definitions::{Definitions, DefinitionsError};

/// Judges what a request is about to write.
pub(super) async fn judge(request: &Request, definitions: &dyn Definitions) -> Verdict {
    let judged = match request.kind.kind.as_str() {
        "TestWorkflow" => workflow(request, definitions).await,
        "TestWorkflowTemplate" => Ok(read(request).map_or_else(|verdict| verdict, |spec| template(&spec))),
        "TestExecution" => execution(request, definitions).await,
        "TestGate" => Ok(read(request).map_or_else(|verdict| verdict, |spec| by_itself(&gate_mistakes(&spec)))),
        "GitWriteAccess" => Ok(read(request).map_or_else(|verdict| verdict, |spec| by_itself(&access_mistakes(&spec)))),
        _ => Ok(Verdict::default()),
    };
    judged.unwrap_or_else(|error| {
        let error = error_chain(&error);
        tracing::warn!(error, kind = request.kind.kind, "an object is let through without a judgement");
        Verdict { warnings: vec!["not checked: workflows and templates could not be read".to_owned()], errors: vec![] }
    })
}

/// The `spec` of the object; the cluster checked it against the schema before.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Verdict> {
    T::deserialize(&request.object["spec"])
        .map_err(|error| Verdict { errors: vec![format!("spec: {error}")], warnings: Vec::new() })
}

fn template(spec: &TestWorkflowTemplateSpec) -> Verdict {
    Verdict::of(&validate_template(spec))
}

/// What a kind says of itself that is judged without any other object.
fn by_itself(mistakes: &[SpecMistake]) -> Verdict {
    Verdict { errors: mistakes.iter().map(ToString::to_string).collect(), warnings: Vec::new() }
}

async fn workflow(request: &Request, definitions: &dyn Definitions) -> Result<Verdict, DefinitionsError> {
    let spec: TestWorkflowSpec = match read(request) {
        Ok(spec) => spec,
        Err(verdict) => return Ok(verdict),
    };
    let (templates, missing) = templates(&spec, &request.namespace, definitions).await?;
    let mut verdict = Verdict::of(&validate_workflow(&spec, missing.is_empty().then_some(&templates)));
    // Templates may be applied after the workflows that use them.
    verdict.warnings.extend(missing.iter().map(|name| format!("the template `{name}` does not exist yet")));
    Ok(verdict)
}

/// The templates that a workflow uses, and the names of those that are not there.
async fn templates(
    spec: &TestWorkflowSpec,
    namespace: &str,
    definitions: &dyn Definitions,
) -> Result<(BTreeMap<String, TestWorkflowTemplateSpec>, Vec<String>), DefinitionsError> {
    let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
    for name in templates_used(spec) {
        if found.contains_key(name) || missing.iter().any(|known| known == name) {
            continue;
        }
        match definitions.template(namespace, name).await? {
            Some(template) => drop(found.insert(name.to_owned(), template)),
            None => missing.push(name.to_owned()),
        }
    }
    Ok((found, missing))
}

async fn execution(request: &Request, definitions: &dyn Definitions) -> Result<Verdict, DefinitionsError> {
    let spec: TestExecutionSpec = match read(request) {
        Ok(spec) => spec,
        Err(verdict) => return Ok(verdict),
    };
    if !request.old_object.is_null() {
        // Only commands change, and the schema knows which may.
        return Ok(Verdict::default());
    }
    let name = &spec.workflow_ref.name;
    let Some(workflow) = definitions.workflow(&request.namespace, name).await? else {
        let warning = format!("the workflow `{name}` does not exist yet");
        return Ok(Verdict { warnings: vec![warning], errors: Vec::new() });
    };
    let (templates, missing) = templates(&workflow.spec, &request.namespace, definitions).await?;
    if !missing.is_empty() {
        return Ok(Verdict::default());
    }
    let found = about_execution(&workflow, spec, request, templates);
    Ok(Verdict::of(&found))
}

/// What is wrong with the values that the execution gives. Mistakes of the
/// workflow itself are told to whoever applies that.
fn about_execution(
    workflow: &TestWorkflow,
    spec: TestExecutionSpec,
    request: &Request,
    templates: BTreeMap<String, TestWorkflowTemplateSpec>,
) -> Vec<Diagnostic> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let alone = validate_workflow(&workflow.spec, Some(&templates));
    let inputs = Inputs {
        namespace: request.namespace.clone(),
        execution: text(&request.object["metadata"]["name"]),
        uid: text(&request.object["metadata"]["uid"]),
        workflow: spec.workflow_ref.name,
        workflow_labels: workflow.metadata.labels.clone().unwrap_or_default(),
        revision: spec.revision,
        config: spec.config,
        config_from: spec.config_from,
        templates,
        attempt: 1,
    };
    let mut found = validate(&resolve(&workflow.spec, &inputs));
    found.retain(|diagnostic| !alone.contains(diagnostic));
    found
}
