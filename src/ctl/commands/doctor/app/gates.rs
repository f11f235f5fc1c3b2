//! The gates that judge the delivery: whether they can, and whether their verdict counts.

use assay_api::names::{ANNOTATION_ARGO_TRACKING, ANNOTATION_PAUSE_ROLLBACK};
use assay_api::{DeliveryKind, GateMode, RollbackMode, TestGate, TestWorkflow};

use super::super::check::Check;
use super::words::{called, namespace};
use crate::remote::deliveries::App;
use crate::remote::session::Session;

const TOPIC: &str = "gate";
/// Label of everything that a Kustomization applied: its name. Its namespace stands in a label of its own.
const KUSTOMIZATION: &str = "kustomize.toolkit.fluxcd.io/";
/// Label of everything that a HelmRelease installed.
const HELM_RELEASE: &str = "helm.toolkit.fluxcd.io/";

/// The gates that judge it, those of the namespace where not all may be listed.
pub(super) async fn of(session: &Session, app: &App) -> Vec<TestGate> {
    let all = match session.cluster.list::<TestGate>(None, None).await {
        Ok(all) => all,
        Err(_) => session.cluster.list::<TestGate>(Some(&session.namespace), None).await.unwrap_or_default(),
    };
    all.into_iter().filter(|gate| judges(gate, app)).collect()
}

fn judges(gate: &TestGate, app: &App) -> bool {
    let (wanted, found) = (&gate.spec.delivery, &app.delivery.reference);
    let place = wanted.namespace.as_deref().or(gate.metadata.namespace.as_deref());
    wanted.kind == found.kind && wanted.name == found.name && place == Some(namespace(app))
}

/// What is said of them.
pub(super) async fn check(session: &Session, app: &App, gates: &[TestGate]) -> Vec<Check> {
    if gates.is_empty() {
        let said = "no TestGate that you may see judges it";
        return vec![Check::warn(TOPIC, said, "make one, or use TestExecutions as hooks: see docs/gitops.md")];
    }
    let mut checks = Vec::new();
    for gate in gates {
        checks.push(standing(gate, app));
        checks.push(policy(gate));
        checks.extend(workflows(session, gate).await);
    }
    checks
}

/// Whether the gate is part of what it judges, and what follows.
fn standing(gate: &TestGate, app: &App) -> Check {
    let name = called(gate);
    if gate.spec.mode == GateMode::Advisory {
        return Check::ok(TOPIC, format!("{name} is advisory: it never makes the delivery unhealthy"));
    }
    if !is_part(gate, app) {
        let said = format!(
            "{name} judges it from outside: its verdict is no health of the delivery, and nothing waits for it"
        );
        return Check::warn(
            TOPIC,
            said,
            "keep the gate among the delivered manifests, if the delivery shall wait for it",
        );
    }
    if gate.spec.revision.is_some() {
        return Check::ok(
            TOPIC,
            format!("{name} is part of it and names its revision: no verdict is ever taken for another's"),
        );
    }
    let said = format!(
        "{name} is part of it and does not name its revision: it is reset when a new one is seen, and a controller that \
         looks at health sooner may read the verdict of the one before"
    );
    let way_out = match app.delivery.reference.kind {
        DeliveryKind::Application => {
            "set spec.revision by Argo CD's build environment, or keep it in the last sync wave: see docs/gitops.md"
        }
        _ => "put the gate into a Kustomization that depends on this one: see docs/gitops.md",
    };
    Check::warn(TOPIC, said, way_out)
}

/// Whether the delivery brought the gate.
pub(super) fn is_part(gate: &TestGate, app: &App) -> bool {
    let (name, place) = (app.delivery.reference.name.as_str(), namespace(app));
    let label = |key: &str| gate.metadata.labels.as_ref().and_then(|all| all.get(key)).map(String::as_str);
    let by_labels = |prefix: &str| {
        label(&format!("{prefix}name")) == Some(name) && label(&format!("{prefix}namespace")) == Some(place)
    };
    match app.delivery.reference.kind {
        DeliveryKind::Kustomization => by_labels(KUSTOMIZATION),
        DeliveryKind::HelmRelease => by_labels(HELM_RELEASE),
        DeliveryKind::Application => {
            let tracking = gate.metadata.annotations.as_ref().and_then(|all| all.get(ANNOTATION_ARGO_TRACKING));
            let owner = tracking.and_then(|id| id.split_once(':')).map(|(owner, _)| owner);
            owner.is_some_and(|owner| owner == name || owner == format!("{place}_{name}"))
                || (owner.is_none() && label("app.kubernetes.io/instance") == Some(name))
        }
    }
}

fn policy(gate: &TestGate) -> Check {
    let name = called(gate);
    let paused = gate.metadata.annotations.as_ref().and_then(|all| all.get(ANNOTATION_PAUSE_ROLLBACK));
    match &gate.spec.rollback {
        None => Check::ok("policy", format!("{name} never touches Git: it has no spec.rollback")),
        Some(_) if paused.is_some_and(|value| value == "true") => Check::warn(
            "policy",
            format!("rollbacks of {name} are paused ({ANNOTATION_PAUSE_ROLLBACK})"),
            "`assay rollback resume --gate` takes it back",
        ),
        Some(policy) if policy.mode == RollbackMode::Observe => {
            Check::ok("policy", format!("{name} only says what it would revert (mode Observe)"))
        }
        Some(policy) => {
            let approval = if policy.approval { ", after approval" } else { "" };
            Check::ok("policy", format!("{name} reverts a confirmed failure (mode {}){approval}", policy.mode))
        }
    }
}

async fn workflows(session: &Session, gate: &TestGate) -> Vec<Check> {
    let place = gate.metadata.namespace.as_deref().unwrap_or_default();
    let mut checks = Vec::new();
    let control = gate.spec.confirmation.control.iter();
    for workflow in gate.spec.workflows.iter().chain(control) {
        if let Ok(None) = session.cluster.get::<TestWorkflow>(place, &workflow.name).await {
            let said = format!(
                "{} needs the TestWorkflow {}, which namespace {place} does not have",
                called(gate),
                workflow.name
            );
            checks.push(Check::fail(TOPIC, said, "make the workflow, or correct spec.workflows"));
        }
    }
    checks
}

#[cfg(test)]
mod tests {
    use assay_api::DeliveryReference;
    use assay_gitops::Delivery;
    use serde_json::{Value, json};

    use super::super::super::check::Level;
    use super::*;

    fn app(kind: DeliveryKind) -> App {
        let reference = DeliveryReference { kind, name: "shop".into(), namespace: Some("gitops".into()), source: None };
        App { delivery: Delivery { reference, ..Delivery::default() }, object: std::sync::Arc::new(Value::Null) }
    }

    fn gate(metadata: &Value, spec: &Value) -> TestGate {
        let mut metadata = metadata.clone();
        metadata["name"] = json!("gate");
        metadata["namespace"] = json!("shop");
        let mut whole = json!({
            "delivery": { "kind": "Application", "name": "shop", "namespace": "gitops" }, "workflows": [{ "name": "w" }],
        });
        for (key, value) in spec.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": metadata, "spec": whole,
        }))
        .expect("a gate")
    }

    #[test]
    fn a_gate_knows_what_brought_it() {
        let tracked = |id: &str| json!({ "annotations": { "argocd.argoproj.io/tracking-id": id } });
        let flux = json!({ "labels": { "kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "gitops" } });
        let other = json!({ "labels": { "kustomize.toolkit.fluxcd.io/name": "shop", "kustomize.toolkit.fluxcd.io/namespace": "x" } });
        let label = json!({ "labels": { "app.kubernetes.io/instance": "shop" } });
        let (argo, kustomize) = (app(DeliveryKind::Application), app(DeliveryKind::Kustomization));
        for (metadata, app, part) in [
            (tracked("shop:assay.dev/TestGate:shop/gate"), &argo, true),
            (tracked("gitops_shop:assay.dev/TestGate:shop/gate"), &argo, true),
            (tracked("other:assay.dev/TestGate:shop/gate"), &argo, false),
            (label, &argo, true),
            (json!({}), &argo, false),
            (flux, &kustomize, true),
            (other, &kustomize, false),
        ] {
            assert_eq!(is_part(&gate(&metadata, &json!({})), app), part, "{metadata}");
        }
    }

    #[test]
    fn only_a_gate_that_names_its_revision_is_free_of_races() {
        let argo = app(DeliveryKind::Application);
        let part = json!({ "annotations": { "argocd.argoproj.io/tracking-id": "shop:x" } });
        for (metadata, spec, level, words) in [
            (&part, json!({ "revision": "abcdefg" }), Level::Ok, "names its revision"),
            (&part, json!({}), Level::Warn, "does not name its revision"),
            (&json!({}), json!({}), Level::Warn, "from outside"),
            (&json!({}), json!({ "mode": "Advisory" }), Level::Ok, "advisory"),
        ] {
            let gate = gate(metadata, &spec);
            assert!(judges(&gate, &argo));
            let check = standing(&gate, &argo);
            assert_eq!(check.level, level, "{check:?}");
            assert!(check.lines()[0].contains(words), "{check:?}");
        }
    }
}
