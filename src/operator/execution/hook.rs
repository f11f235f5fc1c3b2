//! Executions that Argo CD makes as hooks of a sync: of which Application, and at which revision.

use assay_api::names::{ANNOTATION_ARGO_HOOK, ANNOTATION_ARGO_TRACKING};
use assay_api::{DeliveryKind, DeliveryReference, ExecutionDelivery, TestExecution};
use assay_gitops::{Judged, ReadContext, read};
use assay_protocol::rest::DeliveryRecord;
use assay_telemetry::error_chain;
use serde_json::Value;

use crate::context::Context;
use crate::failure::LookError;

/// Label by which Argo CD knows what belongs to an Application where it does not use the annotation.
const LABEL_INSTANCE: &str = "app.kubernetes.io/instance";
/// An annotation may hold anything; no more of it is shown.
const LONGEST_HOOK: usize = 64;

/// A hook and the Application that it says it belongs to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Hook {
    when: String,
    namespace: Option<String>,
    application: String,
}

/// What the object says of itself; `None` when it is no hook of Argo CD, or does not say of which Application.
pub(crate) fn hook_of(object: &TestExecution) -> Option<Hook> {
    let metadata = &object.metadata;
    let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).map(String::as_str);
    let when = annotation(ANNOTATION_ARGO_HOOK).map(str::trim).filter(|when| !when.is_empty() && *when != "Skip")?;
    let tracked = annotation(ANNOTATION_ARGO_TRACKING).and_then(|id| id.split(':').next());
    let labelled = || metadata.labels.as_ref()?.get(LABEL_INSTANCE).map(String::as_str);
    let owner = tracked.filter(|owner| !owner.is_empty()).or_else(labelled)?;
    // No name of an object has a `_`: before it stands the namespace of an Application outside Argo CD's own.
    let (namespace, application) = match owner.split_once('_') {
        Some((namespace, application)) => (Some(namespace.to_owned()), application),
        None => (None, owner),
    };
    let when = when.chars().take(LONGEST_HOOK).collect();
    Some(Hook { when, namespace, application: application.to_owned() })
}

/// Finds the delivery of a hook, and the revision that it delivers now: Argo CD writes down the operation before it
/// makes its hooks. What is not found, or may not be read, keeps no test from running.
pub(crate) async fn delivery_of(
    context: &Context,
    object: &TestExecution,
) -> Result<Option<ExecutionDelivery>, LookError> {
    let Some(hook) = hook_of(object).filter(|_| context.settings.gitops) else { return Ok(None) };
    let name = object.metadata.name.as_deref();
    let known = context.cluster.deliveries_named("Application", &context.settings.namespaces, &hook.application).await;
    let known = match known {
        Ok(known) => known,
        Err(error) if error.forbidden() || error.not_installed() => {
            tracing::info!(name, error = error_chain(&error), "the Application of a hook is not known");
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let found = choose(&hook, &known, object).map(|application| facts(&hook, application));
    if found.is_none() {
        tracing::info!(name, application = hook.application, "the Application of a hook was not found");
    }
    Ok(found)
}

/// The one that is meant: the only one of its name, or the one whose sync names the hook.
fn choose<'a>(hook: &Hook, known: &'a [Value], object: &TestExecution) -> Option<&'a Value> {
    let there = |application: &&Value| {
        let own = application.pointer("/metadata/namespace").and_then(Value::as_str);
        hook.namespace.as_deref().is_none_or(|namespace| own == Some(namespace))
    };
    let candidates: Vec<&Value> = known.iter().filter(there).collect();
    if let [only] = candidates.as_slice() {
        return Some(only);
    }
    let (namespace, name) = (object.metadata.namespace.as_deref(), object.metadata.name.as_deref());
    let names_it = |application: &&&Value| {
        let resources = application.pointer("/status/operationState/syncResult/resources").and_then(Value::as_array);
        resources.into_iter().flatten().any(|one| {
            let text = |field: &str| one.get(field).and_then(Value::as_str);
            text("kind") == Some("TestExecution") && text("name") == name && text("namespace") == namespace
        })
    };
    let naming: Vec<&&Value> = candidates.iter().filter(names_it).collect();
    if let [only] = naming.as_slice() { Some(only) } else { None }
}

fn facts(hook: &Hook, application: &Value) -> ExecutionDelivery {
    let reference = DeliveryReference {
        kind: DeliveryKind::Application,
        name: hook.application.clone(),
        ..DeliveryReference::default()
    };
    let found = read(DeliveryKind::Application, application, &ReadContext::default(), &reference);
    let running = found.operation.and_then(|operation| operation.revision);
    let revision = running.or(found.attempted).or(found.desired);
    ExecutionDelivery {
        kind: DeliveryKind::Application,
        namespace: found.reference.namespace.unwrap_or_default(),
        name: hook.application.clone(),
        // Of several sources none is the revision.
        revision: revision.filter(|_| matches!(found.judged, Judged::Source(_))),
        hook: hook.when.clone(),
        attempt: None,
    }
}

/// As the store keeps it.
pub(crate) fn record(delivery: &ExecutionDelivery) -> DeliveryRecord {
    DeliveryRecord {
        kind: delivery.kind.as_str().to_owned(),
        namespace: delivery.namespace.clone(),
        name: delivery.name.clone(),
        revision: delivery.revision.clone().unwrap_or_default(),
        hook: delivery.hook.clone(),
        attempt: 0,
    }
}

/// As the status shows it. A kind that only another version of ours knows is not shown.
pub(crate) fn of_record(record: &DeliveryRecord) -> Option<ExecutionDelivery> {
    let kinds = [DeliveryKind::Application, DeliveryKind::Kustomization, DeliveryKind::HelmRelease];
    Some(ExecutionDelivery {
        kind: kinds.into_iter().find(|kind| kind.as_str() == record.kind)?,
        namespace: record.namespace.clone(),
        name: record.name.clone(),
        revision: Some(record.revision.clone()).filter(|revision| !revision.is_empty()),
        hook: record.hook.clone(),
        attempt: i32::try_from(record.attempt).ok().filter(|attempt| *attempt > 0),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const TWO: &str = "2222222222222222222222222222222222222222";

    fn object(annotations: Value, labels: Value) -> TestExecution {
        let metadata = json!({ "name": "smoke", "namespace": "shop", "annotations": annotations, "labels": labels });
        serde_json::from_value(json!({ "metadata": metadata, "spec": { "workflowRef": { "name": "w" } } })).expect("it")
    }

    #[test]
    fn a_hook_says_of_which_application_it_is() {
        let hook = |when: &str, namespace: Option<&str>, application: &str| {
            Some(Hook { when: when.into(), namespace: namespace.map(str::to_owned), application: application.into() })
        };
        let tracked = |id: &str| json!({ "argocd.argoproj.io/hook": "PostSync", "argocd.argoproj.io/tracking-id": id });
        for (annotations, labels, expected) in [
            (tracked("web:assay.dev/TestExecution:shop/smoke"), json!({}), hook("PostSync", None, "web")),
            (tracked("team_web:assay.dev/TestExecution:shop/smoke"), json!({}), hook("PostSync", Some("team"), "web")),
            (
                json!({ "argocd.argoproj.io/hook": "PreSync,PostSync" }),
                json!({ "app.kubernetes.io/instance": "web" }),
                hook("PreSync,PostSync", None, "web"),
            ),
            (tracked(""), json!({}), None),
            (json!({ "argocd.argoproj.io/hook": "PostSync" }), json!({}), None),
            (json!({ "argocd.argoproj.io/hook": "Skip", "argocd.argoproj.io/tracking-id": "web" }), json!({}), None),
            (json!({ "argocd.argoproj.io/tracking-id": "web:x" }), json!({}), None),
        ] {
            assert_eq!(hook_of(&object(annotations.clone(), labels)), expected, "{annotations}");
        }
    }

    fn application(namespace: &str, status: Value) -> Value {
        json!({
            "metadata": { "name": "web", "namespace": namespace },
            "spec": { "source": { "repoURL": "https://git.example/a", "path": "web", "targetRevision": "main" } },
            "status": status,
        })
    }

    #[test]
    fn the_revision_is_that_of_the_operation() {
        let hook = Hook { when: "PostSync".into(), namespace: None, application: "web".into() };
        let status = json!({
            "sync": { "status": "OutOfSync", "revision": TWO },
            "operationState": { "phase": "Running", "operation": { "sync": { "revision": ONE } } },
        });
        let found = facts(&hook, &application("argocd", status.clone()));
        assert_eq!((found.revision.as_deref(), found.namespace.as_str()), (Some(ONE), "argocd"));
        let mut several = application("argocd", status);
        let source = several["spec"]["source"].clone();
        several["spec"] = json!({ "sources": [source, source] });
        assert_eq!(facts(&hook, &several).revision, None);
    }

    #[test]
    fn of_several_applications_the_one_that_made_it_is_meant() {
        let made = json!({ "operationState": { "syncResult": { "resources": [
            { "kind": "TestExecution", "namespace": "shop", "name": "smoke" },
        ] } } });
        let known = [application("a", json!({})), application("b", made)];
        let object = object(json!({}), json!({}));
        let mut hook = Hook { when: "PostSync".into(), namespace: None, application: "web".into() };
        let namespace = |found: Option<&Value>| found.map(|found| found["metadata"]["namespace"].clone());
        assert_eq!(namespace(choose(&hook, &known, &object)), Some(json!("b")));
        assert_eq!(namespace(choose(&hook, &known[..1], &object)), Some(json!("a")));
        hook.namespace = Some("a".into());
        assert_eq!(namespace(choose(&hook, &known, &object)), Some(json!("a")));
        hook.namespace = Some("c".into());
        assert_eq!(choose(&hook, &known, &object), None);
    }

    #[test]
    fn the_store_gives_back_what_it_was_told_and_its_count() {
        let told = ExecutionDelivery {
            kind: DeliveryKind::Application,
            namespace: "argocd".into(),
            name: "web".into(),
            revision: None,
            hook: "PostSync".into(),
            attempt: None,
        };
        let kept = record(&told);
        assert_eq!(of_record(&kept), Some(told.clone()));
        let counted = of_record(&DeliveryRecord { attempt: 3, ..kept.clone() });
        assert_eq!(counted, Some(ExecutionDelivery { attempt: Some(3), ..told }));
        assert_eq!(of_record(&DeliveryRecord { kind: "Other".into(), ..kept }), None);
    }
}
