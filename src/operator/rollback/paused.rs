//! Who keeps a rollback from being carried out, and whether somebody approved it. People always win.

use std::collections::BTreeMap;

use assay_api::names::{ANNOTATION_APPROVE, ANNOTATION_FREEZE, ANNOTATION_PAUSE_ROLLBACK};
use assay_api::{Rollback, TestGate};

use super::controller::Controller;
use crate::failure::LookError;
use crate::gitops::Key;

fn is_set<'a>(mut annotations: impl Iterator<Item = (&'a String, &'a String)>, name: &str) -> bool {
    annotations.any(|(known, value)| known == name && value == "true")
}

/// Whether somebody approved it.
pub(super) fn approved(record: &Rollback) -> bool {
    is_set(record.metadata.annotations.iter().flatten(), ANNOTATION_APPROVE)
}

/// Who paused it, each as one phrase for people. Namespaces are asked each time: nobody watches them.
pub(super) async fn paused(
    controller: &Controller,
    key: &Key,
    record: &Rollback,
    gate: Option<&TestGate>,
) -> Result<Vec<String>, LookError> {
    let by = |what: String, annotation: &str| format!("the annotation `{annotation}` of {what}");
    let mut who = Vec::new();
    if is_set(record.metadata.annotations.iter().flatten(), ANNOTATION_PAUSE_ROLLBACK) {
        who.push(by("the record".to_owned(), ANNOTATION_PAUSE_ROLLBACK));
    }
    if gate.is_some_and(|gate| is_set(gate.metadata.annotations.iter().flatten(), ANNOTATION_PAUSE_ROLLBACK)) {
        who.push(by(format!("the gate {}", record.spec.gate), ANNOTATION_PAUSE_ROLLBACK));
    }
    let own = &controller.git.namespace;
    for (namespace, annotation) in [(&key.0, ANNOTATION_PAUSE_ROLLBACK), (own, ANNOTATION_FREEZE)] {
        let annotations: BTreeMap<String, String> = controller.context.cluster.namespace_annotations(namespace).await?;
        if is_set(annotations.iter(), annotation) {
            who.push(by(format!("the namespace {namespace}"), annotation));
        }
    }
    Ok(who)
}
