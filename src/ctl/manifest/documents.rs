//! The documents of a text, one by one.

use assay_api::names::{GROUP, VERSION};
use assay_api::{GitWriteAccess, Rollback, TestExecution, TestGate, TestWorkflow, TestWorkflowTemplate};
use assay_gitops::{SpecMistake, access_mistakes, gate_mistakes};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;
use serde_yaml::Value;

use crate::manifest::content::{Manifest, Subject};
use crate::manifest::finding::Finding;
use crate::manifest::places::{Places, Spot, places};
use crate::manifest::typed;
use crate::names::RULE as NAMES;
use crate::names::is_name;

const KINDS: [&str; 6] =
    ["TestWorkflow", "TestExecution", "TestWorkflowTemplate", "TestGate", "Rollback", "GitWriteAccess"];

/// Reads a text and finds what is wrong with its form. What is wrong with its
/// meaning is found by [`crate::manifest::judge`].
pub(super) fn read(text: &str) -> Manifest {
    let mut manifest = Manifest::default();
    let mut places = places(text).into_iter();
    let untyped = serde_yaml::Deserializer::from_str(text);
    for (untyped, typed) in untyped.zip(serde_yaml::Deserializer::from_str(text)) {
        let read = Value::deserialize(untyped);
        let places = places.next().unwrap_or_default();
        report_doubled(&places, &mut manifest.findings);
        let document = match read {
            Ok(document) => document,
            // That a field is there twice has been said.
            Err(_) if !places.doubled.is_empty() => {
                manifest.objects += 1;
                continue;
            }
            Err(error) => {
                manifest.findings.push(no_yaml(&error));
                break;
            }
        };
        if !document.is_null() {
            one(&document, typed, &places, &mut manifest);
        }
    }
    if manifest.objects == 0 && manifest.findings.is_empty() {
        let hint = format!("it needs `apiVersion: {GROUP}/{VERSION}` and a `kind` of {}", KINDS.join(", "));
        manifest.findings.push(Finding::error(None, "", "there is no object of Assay in it", hint));
    }
    manifest.findings.sort_by_key(|finding| finding.spot);
    manifest
}

fn report_doubled(places: &Places, findings: &mut Vec<Finding>) {
    for (path, spot) in &places.doubled {
        let message = "the field is there twice, and only the last one would count";
        findings.push(Finding::error(Some(*spot), path, message, "remove one"));
    }
}

fn no_yaml(error: &serde_yaml::Error) -> Finding {
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(before, _)| before);
    let spot = error.location().map(|location| Spot { line: location.line(), column: location.column() });
    let hint = "the text is not YAML; look for tabs, missing quotes, or wrong indentation";
    Finding::error(spot, "", message, hint)
}

fn one(document: &Value, typed: serde_yaml::Deserializer<'_>, places: &Places, manifest: &mut Manifest) {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if !group.is_empty() && group != GROUP && !KINDS.contains(&kind) {
        // Somebody else's object in the same file.
        return;
    }
    if version == "v1" {
        return;
    }
    manifest.objects += 1;
    let before = manifest.findings.len();
    if !is_ours(version, kind, places, &mut manifest.findings) {
        return;
    }
    let findings = &mut manifest.findings;
    match kind {
        "TestWorkflow" => {
            if let Some(workflow) = typed::read::<TestWorkflow>(typed, kind, places, findings) {
                check_name(&workflow.metadata, false, places, findings);
                if findings.len() == before {
                    manifest.subjects.push(Subject::Workflow(manifest.workflows.len(), places.clone()));
                }
                manifest.workflows.push(workflow);
            }
        }
        "TestExecution" => {
            if let Some(execution) = typed::read::<TestExecution>(typed, kind, places, findings) {
                check_name(&execution.metadata, true, places, findings);
                if !is_name(&execution.spec.workflow_ref.name) {
                    let path = "spec.workflowRef.name";
                    let message = format!("`{}` is not a name of a workflow", execution.spec.workflow_ref.name);
                    findings.push(Finding::error(Some(places.spot(path)), path, message, NAMES));
                }
                manifest.executions.push(execution);
            }
        }
        "TestGate" => {
            if let Some(gate) = typed::read::<TestGate>(typed, kind, places, findings) {
                check_name(&gate.metadata, false, places, findings);
                findings.extend(gate_mistakes(&gate.spec).into_iter().map(|mistake| by_itself(mistake, places)));
            }
        }
        "GitWriteAccess" => {
            if let Some(access) = typed::read::<GitWriteAccess>(typed, kind, places, findings) {
                check_name(&access.metadata, false, places, findings);
                findings.extend(access_mistakes(&access.spec).into_iter().map(|mistake| by_itself(mistake, places)));
            }
        }
        // Nobody writes one by hand; its form may be looked at all the same.
        "Rollback" => {
            if let Some(record) = typed::read::<Rollback>(typed, kind, places, findings) {
                check_name(&record.metadata, false, places, findings);
            }
        }
        _ => {
            if let Some(template) = typed::read::<TestWorkflowTemplate>(typed, kind, places, findings) {
                check_name(&template.metadata, false, places, findings);
                if findings.len() == before {
                    manifest.subjects.push(Subject::Template(manifest.templates.len(), places.clone()));
                }
                manifest.templates.push(template);
            }
        }
    }
}

/// A mistake of a kind that is judged without any other object.
fn by_itself(mistake: SpecMistake, places: &Places) -> Finding {
    Finding::error(Some(places.spot(&mistake.path)), &mistake.path, mistake.message, mistake.hint)
}

fn is_ours(version: &str, kind: &str, places: &Places, findings: &mut Vec<Finding>) -> bool {
    let wanted = format!("{GROUP}/{VERSION}");
    let line = |path: &str| Some(places.spot(path));
    if version != wanted {
        let message = match version {
            "" => "the object has no apiVersion".to_owned(),
            other => format!("`{other}` is not the version of a kind of Assay"),
        };
        findings.push(Finding::error(line("apiVersion"), "apiVersion", message, format!("write `{wanted}`")));
        return false;
    }
    if !KINDS.contains(&kind) {
        let hint = match assay_expr::closest(kind, KINDS) {
            Some(closest) => format!("did you mean `{closest}`?"),
            None => format!("known kinds: {}", KINDS.join(", ")),
        };
        findings.push(Finding::error(line("kind"), "kind", format!("`{kind}` is not a kind of Assay"), hint));
        return false;
    }
    true
}

fn check_name(metadata: &ObjectMeta, may_be_generated: bool, places: &Places, findings: &mut Vec<Finding>) {
    let path = "metadata.name";
    let name = metadata.name.as_deref().unwrap_or_default();
    if name.is_empty() {
        if !(may_be_generated && metadata.generate_name.is_some()) {
            findings.push(Finding::error(Some(places.spot(path)), path, "the object has no name", "give it one"));
        }
    } else if !is_name(name) {
        findings.push(Finding::error(Some(places.spot(path)), path, format!("`{name}` is not a name"), NAMES));
    }
}
