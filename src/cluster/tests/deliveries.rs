//! Objects of Argo CD and Flux: kinds that come and go, and what is asked of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::StreamExt;
use serde_json::{Value, json};

use super::apiserver::{Heard, cluster, failure};
use crate::{DeliveryKey, Disposition, Termination};

fn application(name: &str, revision: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {
            "name": name, "namespace": "argocd", "uid": name, "resourceVersion": "1",
            "annotations": { "kubectl.kubernetes.io/last-applied-configuration": "{}", "keep": "me" },
            "managedFields": [{ "manager": "x" }],
        },
        "spec": {
            "source": { "repoURL": "https://git.example/a", "helm": { "values": "password: x", "valueFiles": ["v.yaml"] } },
        },
        "status": {
            "sync": { "status": "Synced", "revision": revision, "comparedTo": { "source": { "path": "a", "helm": { "values": "password: x" } } } },
            "reconciledAt": "2026-11-01T00:00:00Z",
            "resources": [{ "kind": "Deployment", "name": "web", "liveState": "x" }, "odd"],
        },
    })
}

fn list(items: &[Value]) -> (u16, Value) {
    let list = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationList",
        "metadata": { "resourceVersion": "10" }, "items": items,
    });
    (200, list)
}

fn discovery(heard: &Heard, group: &str, plural: &str) -> Option<(u16, Value)> {
    (heard.uri == format!("/apis/{group}")).then(|| {
        let resources = json!([{ "name": plural, "singularName": "", "namespaced": true, "kind": "x", "verbs": [] }]);
        (200, json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources }))
    })
}

fn key(name: &str) -> DeliveryKey {
    let namespace = if name.is_empty() { String::new() } else { "argocd".to_owned() };
    DeliveryKey { kind: "Application", namespace, name: name.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_kind_is_watched_while_it_is_installed() {
    let (looks, lists) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (cluster, log) = cluster(move |heard| {
        if let Some(answer) = discovery(heard, "argoproj.io/v1alpha1", "applications") {
            // Installed at the third look, and removed after three lists.
            let installed = looks.fetch_add(1, Ordering::Relaxed) >= 2 && lists.load(Ordering::Relaxed) < 3;
            return if installed { answer } else { (404, json!("404 page not found")) };
        }
        if !heard.uri.starts_with("/apis/argoproj.io/v1alpha1/applications?") {
            return (404, json!("404 page not found"));
        }
        if heard.uri.contains("watch=true") {
            return failure(410, "Expired", "too old resource version");
        }
        match lists.fetch_add(1, Ordering::Relaxed) {
            0 => list(&[application("a", "1"), application("b", "1")]),
            // Nothing that is kept changed in `a`.
            1 => {
                let mut same = application("a", "1");
                same["status"]["reconciledAt"] = json!("2026-11-02T00:00:00Z");
                same["metadata"]["resourceVersion"] = json!("7");
                list(&[same, application("b", "2")])
            }
            _ => failure(404, "NotFound", "the server could not find the requested resource"),
        }
    });
    let watch = cluster.watch_deliveries(&[]);
    let shelf = watch.shelf.clone();
    let started = tokio::time::Instant::now();
    let mut changes: Vec<DeliveryKey> = watch.changes.take(6).collect().await;
    assert!(started.elapsed() >= Duration::from_secs(20), "it is not asked for without end");
    changes[..2].sort();
    changes[4..].sort();
    assert_eq!(changes[..4], [key("a"), key("b"), key(""), key("b")]);
    assert_eq!(changes[4..], [key("a"), key("b")], "what was removed with its kind");
    assert!(shelf.is_synced(), "kinds that are not installed do not keep others waiting");
    assert!(shelf.of_kind("Application").is_empty());
    let asked = log.lock().expect("log").iter().filter(|heard| heard.uri.contains("limit=50")).count();
    assert!(asked >= 3, "pages are small");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_reads_is_not_kept() {
    let (cluster, _) = cluster(|heard| {
        if let Some(answer) = discovery(heard, "argoproj.io/v1alpha1", "applications") {
            return answer;
        }
        if heard.uri.contains("/applications?") && !heard.uri.contains("watch=true") {
            let mut other = application("other", "1");
            other["spec"]["source"]["helm"]["values"] = json!("password: y");
            other["status"]["sync"]["comparedTo"]["source"] = application("a", "1")["spec"]["source"].clone();
            return list(&[
                application("a", "1"),
                application("same", "2"),
                other,
                json!({ "metadata": { "name": "odd", "namespace": "argocd" }, "spec": 5 }),
            ]);
        }
        (404, json!("404 page not found"))
    });
    let mut watch = cluster.watch_deliveries(&["argocd".to_owned()]);
    while watch.changes.next().await != Some(key("")) {}
    assert!(watch.shelf.served("Application") && !watch.shelf.served("Kustomization"));
    let kept = watch.shelf.get("Application", "argocd", "a").expect("it is there");
    assert_eq!(kept.pointer("/status/sync/revision"), Some(&json!("1")));
    assert_eq!(kept.pointer("/status/resources"), Some(&json!([{ "kind": "Deployment", "name": "web" }])));
    assert_eq!(kept.pointer("/status/sync/comparedTo"), Some(&json!({ "source": { "path": "a" } })));
    assert_eq!(kept.pointer("/spec/source/helm"), Some(&json!({ "valueFiles": ["v.yaml"] })));
    assert_eq!(kept.pointer("/metadata/annotations"), Some(&json!({ "keep": "me" })));
    let rendered =
        |name: &str| watch.shelf.get("Application", "argocd", name).expect("it is there")["renderedWith"].clone();
    assert_eq!(rendered("a").as_str().map(str::len), Some(64));
    assert!(rendered("a") == rendered("same") && rendered("a") != rendered("other"), "other values are told apart");
    let other = watch.shelf.get("Application", "argocd", "other").expect("it is there");
    assert_eq!(other["comparedOtherwise"], json!(true), "they were not taken up yet");
    let text = kept.to_string();
    for left_out in ["password", "reconciledAt", "managedFields", "resourceVersion"] {
        assert!(!text.contains(left_out), "{left_out}");
    }
    assert!(watch.shelf.get("Application", "argocd", "odd").is_some());
}

#[tokio::test(start_paused = true)]
async fn a_missing_right_is_said_and_keeps_nobody_waiting() {
    let (cluster, _) = cluster(|heard| {
        if let Some(answer) = discovery(heard, "argoproj.io/v1alpha1", "applications") {
            return answer;
        }
        if heard.uri.contains("/applications") {
            let words = "applications.argoproj.io is forbidden: User \"u\" cannot list resource \"applications\"";
            return failure(403, "Forbidden", words);
        }
        (404, json!("404 page not found"))
    });
    let mut watch = cluster.watch_deliveries(&[]);
    let shelf = watch.shelf.clone();
    let driving = async { watch.changes.next().await };
    tokio::select! {
        change = driving => panic!("{change:?}"),
        () = shelf.synced() => {}
    }
    let trouble = shelf.trouble("Application").expect("trouble");
    assert!(
        trouble.contains("list and watch applications.argoproj.io") && trouble.contains("gitops.enabled"),
        "{trouble}"
    );
    assert!(!shelf.served("Application"));
}

fn running(revision: &str) -> Value {
    let mut object = application("web", revision);
    object["status"]["operationState"] = json!({
        "phase": "Running", "startedAt": "2026-11-01T00:00:00Z",
        "operation": { "sync": { "revisions": ["1.2.3", revision] } },
    });
    object
}

#[tokio::test]
async fn only_the_operation_that_was_meant_is_ended() {
    let object = Arc::new(std::sync::Mutex::new(running("bad")));
    let stored = Arc::clone(&object);
    let (cluster, log) = cluster(move |heard| {
        if let Some(answer) = discovery(heard, "argoproj.io/v1alpha1", "applications") {
            return answer;
        }
        if heard.method == "PATCH" && heard.uri.contains("/moved") {
            return failure(422, "Invalid", "testing value failed");
        }
        (200, stored.lock().expect("object").clone())
    });
    assert_eq!(cluster.terminate_operation("argocd", "web", "bad").await.expect("fine"), Termination::Asked);
    let patch = log.lock().expect("log").last().expect("a request").clone();
    assert_eq!(patch.headers["content-type"], "application/json-patch+json");
    assert_eq!(
        patch.body,
        json!([
            { "op": "test", "path": "/status/operationState/phase", "value": "Running" },
            { "op": "test", "path": "/status/operationState/startedAt", "value": "2026-11-01T00:00:00Z" },
            { "op": "test", "path": "/status/operationState/operation/sync/revisions/1", "value": "bad" },
            { "op": "replace", "path": "/status/operationState/phase", "value": "Terminating" },
        ])
    );
    assert_eq!(cluster.terminate_operation("argocd", "moved", "bad").await.expect("fine"), Termination::NotRunning);
    assert_eq!(cluster.terminate_operation("argocd", "web", "good").await.expect("fine"), Termination::NotRunning);
    object.lock().expect("object")["status"]["operationState"]["phase"] = json!("Failed");
    assert_eq!(cluster.terminate_operation("argocd", "web", "bad").await.expect("fine"), Termination::NotRunning);
    assert_eq!(log.lock().expect("log").iter().filter(|heard| heard.method == "PATCH").count(), 2);
}

#[tokio::test]
async fn a_new_look_is_asked_for_by_annotation() {
    let (cluster, log) = cluster(|heard| {
        if heard.uri == "/apis/source.toolkit.fluxcd.io/v1" {
            return (404, json!("404 page not found"));
        }
        if let Some(answer) = discovery(heard, "source.toolkit.fluxcd.io/v1beta2", "gitrepositories") {
            return answer;
        }
        if let Some(answer) = discovery(heard, "argoproj.io/v1alpha1", "applications") {
            return answer;
        }
        if heard.uri.contains("/applications/") {
            let words = "applications \"web\" is forbidden: User \"u\" cannot patch resource \"applications\"";
            return failure(403, "Forbidden", words);
        }
        (200, json!({ "apiVersion": "x/v1", "kind": "x", "metadata": { "name": "web" } }))
    });
    cluster.request_reconcile("GitRepository", "flux", "shop", "t1").await.expect("fine");
    let patch = log.lock().expect("log").last().expect("a request").clone();
    assert!(patch.uri.starts_with("/apis/source.toolkit.fluxcd.io/v1beta2/namespaces/flux/gitrepositories/shop"));
    assert_eq!(patch.body, json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": "t1" } } }));
    let error = cluster.ask_for_refresh("argocd", "web").await.expect_err("forbidden");
    let words = error.to_string();
    assert!(words.contains("may not patch applications.argoproj.io") && words.contains("gitops.refresh"), "{words}");
    let error = cluster.request_reconcile("Kustomization", "flux", "web", "t1").await;
    drop(error);
}

#[tokio::test]
async fn a_kind_that_is_not_installed_is_an_error_of_its_own() {
    let (cluster, _) = cluster(|_| (404, json!("404 page not found")));
    let error = cluster.ask_for_refresh("argocd", "web").await.expect_err("not installed");
    assert!(error.not_installed() && error.disposition() == Disposition::Stalled, "{error:?}");
    assert!(cluster.terminate_operation("argocd", "web", "x").await.is_err());
}
