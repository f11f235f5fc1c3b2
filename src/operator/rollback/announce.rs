//! A new phase made known: by events on the record, its gate and its delivery, by numbers, and in the log.

use assay_api::{DeliveryKind, Rollback, RollbackPhase};
use assay_cluster::EventKind;
use assay_gitops::{Evidence, RollbackDecision};
use assay_telemetry::error_chain;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::ResourceExt;

use super::controller::Controller;

/// What was done, in one word, as events call it.
const ACTION: &str = "Rollback";

/// Makes it known. A courtesy: what fails here is logged.
pub(super) async fn announce(
    controller: &Controller,
    record: &Rollback,
    evidence: &Evidence,
    decision: &RollbackDecision,
) {
    let (namespace, name) = (record.namespace().unwrap_or_default(), record.name_any());
    let (phase, reason) = (decision.phase, decision.reason);
    tracing::info!(namespace, name, %phase, %reason, message = decision.message, "rollback");
    if phase == evidence.status.phase {
        return;
    }
    if phase.is_final() {
        controller.context.metrics.rollbacks.ended(phase, reason, decision.recovery);
    }
    let (events, kind, note) = (&controller.context.events, kind(phase), &decision.message);
    let mut told = vec![events.publish(record, kind, reason, ACTION, note).await];
    if concerns_others(phase) {
        let note = format!("{note} (Rollback {namespace}/{name})");
        if let Some(gate) = controller.gitops.gates.get(&namespace, &record.spec.gate) {
            told.push(events.publish(gate.as_ref(), kind, reason, ACTION, &note).await);
        }
        if let Some(delivery) = delivery(controller, &namespace, record, evidence) {
            told.push(events.publish_about(&delivery, kind, reason, ACTION, &note).await);
        }
    }
    for error in told.into_iter().filter_map(Result::err) {
        tracing::warn!(namespace, name, error = error_chain(&error), "an event was not published");
    }
}

const fn kind(phase: RollbackPhase) -> EventKind {
    match phase {
        RollbackPhase::Failed | RollbackPhase::Expired | RollbackPhase::Refused => EventKind::Warning,
        _ => EventKind::Normal,
    }
}

/// What people who look at the gate or the delivery want to know.
const fn concerns_others(phase: RollbackPhase) -> bool {
    !matches!(
        phase,
        RollbackPhase::Evaluating | RollbackPhase::Holding | RollbackPhase::Committing | RollbackPhase::Verifying
    )
}

fn delivery(
    controller: &Controller,
    namespace: &str,
    record: &Rollback,
    evidence: &Evidence,
) -> Option<ObjectReference> {
    let reference = &record.spec.delivery;
    let namespace = reference.namespace.as_deref().unwrap_or(namespace);
    let kind = reference.kind.as_str();
    let object = controller.gitops.deliveries.get(kind, namespace, &reference.name);
    let version = object.as_ref().and_then(|object| object.get("apiVersion")?.as_str());
    Some(ObjectReference {
        api_version: Some(version.unwrap_or(api_version(reference.kind)).to_owned()),
        kind: Some(kind.to_owned()),
        name: Some(reference.name.clone()),
        namespace: Some(namespace.to_owned()),
        uid: Some(evidence.delivery.as_ref()?.uid.clone()),
        ..ObjectReference::default()
    })
}

const fn api_version(kind: DeliveryKind) -> &'static str {
    match kind {
        DeliveryKind::Application => "argoproj.io/v1alpha1",
        DeliveryKind::Kustomization => "kustomize.toolkit.fluxcd.io/v1",
        DeliveryKind::HelmRelease => "helm.toolkit.fluxcd.io/v2",
    }
}
