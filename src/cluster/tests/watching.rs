//! Watches: lists, losses, and objects that cannot be read.

use std::sync::atomic::{AtomicUsize, Ordering};

use assay_api::TestExecution;
use futures::StreamExt;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::apiserver::{cluster, failure};
use crate::{Change, WatchOptions};

fn execution(name: &str, version: &str) -> Value {
    json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
        "metadata": { "name": name, "namespace": "ns", "uid": name, "resourceVersion": version },
        "spec": { "workflowRef": { "name": "w" } },
    })
}

fn list(items: Vec<Value>) -> (u16, Value) {
    let list = json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecutionList",
        "metadata": { "resourceVersion": "10" }, "items": items,
    });
    (200, list)
}

fn words(change: &Change<TestExecution>) -> String {
    match change {
        Change::Applied(object) => format!("+{}", object.name_any()),
        Change::Gone(object) => format!("-{}", object.name_any()),
        Change::Synced => "synced".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_relist_shows_what_was_missed_and_a_poisoned_object_is_left_out() {
    let lists = AtomicUsize::new(0);
    let (cluster, _) = cluster(move |heard| {
        if heard.uri.contains("watch=true") {
            // Too old: the list has to be asked for again.
            return failure(410, "Expired", "too old resource version");
        }
        match lists.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let mut poisoned = execution("poisoned", "3");
                poisoned["spec"] = json!({ "workflowRef": 5 });
                list(vec![execution("a", "1"), execution("b", "2"), poisoned])
            }
            1 => failure(500, "InternalError", "etcd is away"),
            _ => list(vec![execution("a", "1"), execution("c", "9")]),
        }
    });
    let watch = cluster.watch(WatchOptions::<TestExecution> {
        index: |object| Some(object.spec.workflow_ref.name.as_str()),
        ..WatchOptions::default()
    });
    assert!(!watch.shelf.is_synced());
    let changes: Vec<_> = watch.changes.take(6).map(|change| words(&change)).collect().await;
    let (first, second) = changes.split_at(3);
    assert!(first.contains(&"+a".to_owned()) && first.contains(&"+b".to_owned()));
    assert_eq!(first[2], "synced");
    assert_eq!(second, ["-b", "+c", "synced"]);
    watch.shelf.synced().await;
    assert_eq!(watch.shelf.len(), 2);
    assert_eq!(watch.shelf.indexed("w").len(), 2);
    assert!(watch.shelf.get("ns", "b").is_none() && watch.shelf.get("ns", "c").is_some());
}

#[tokio::test(start_paused = true)]
async fn events_are_applied_one_by_one() {
    let (cluster, log) = cluster(|heard| {
        if !heard.uri.contains("watch=true") {
            return list(vec![execution("a", "1")]);
        }
        if heard.uri.contains("resourceVersion=10") {
            let mut poisoned = execution("bad", "11");
            poisoned["spec"] = json!([]);
            let lines = [
                json!({ "type": "ADDED", "object": poisoned }),
                json!({ "type": "ADDED", "object": execution("b", "12") }),
                json!({ "type": "DELETED", "object": execution("a", "13") }),
            ];
            let lines: Vec<_> = lines.iter().map(Value::to_string).collect();
            return (200, json!(lines.join("\n")));
        }
        failure(500, "InternalError", "away")
    });
    let watch = cluster.watch(WatchOptions::<TestExecution>::default());
    let changes: Vec<_> = watch.changes.take(4).map(|change| words(&change)).collect().await;
    assert_eq!(changes, ["+a", "synced", "+b", "-a"]);
    assert_eq!(watch.shelf.all().iter().map(|object| object.name_any()).collect::<Vec<_>>(), ["b"]);
    assert!(log.lock().expect("log")[0].uri.starts_with("/apis/assay.dev/v1alpha1/testexecutions?"));
}

#[tokio::test(start_paused = true)]
async fn pods_are_asked_for_by_label() {
    let (cluster, log) = cluster(|heard| {
        if heard.uri.contains("watch=true") {
            return failure(500, "InternalError", "away");
        }
        let pod =
            json!({ "metadata": { "name": "p", "namespace": "ns", "labels": { "assay.dev/execution-uid": "e" } } });
        (200, json!({ "apiVersion": "v1", "kind": "PodList", "metadata": { "resourceVersion": "1" }, "items": [pod] }))
    });
    let mut watch = cluster.watch_pods(&[]);
    assert!(matches!(watch.changes.next().await, Some(Change::Applied(_))));
    assert_eq!(watch.shelf.indexed("e").len(), 1);
    let uri = log.lock().expect("log")[0].uri.clone();
    assert!(uri.starts_with("/api/v1/pods?") && uri.contains("labelSelector=assay.dev%2Fexecution-uid"), "{uri}");
}

#[tokio::test(start_paused = true)]
async fn several_namespaces_fill_one_shelf() {
    let lists = AtomicUsize::new(0);
    let (cluster, log) = cluster(move |heard| {
        if heard.uri.contains("watch=true") {
            return failure(410, "Expired", "too old resource version");
        }
        let place = if heard.uri.contains("/namespaces/one/") { "one" } else { "two" };
        let number = lists.fetch_add(1, Ordering::Relaxed);
        let mut object = execution(if number < 2 { "first" } else { "second" }, "1");
        object["metadata"]["namespace"] = json!(place);
        // A list of one namespace says nothing about the other.
        list(if place == "two" && number >= 2 { Vec::new() } else { vec![object] })
    });
    let namespaces = vec!["one".to_owned(), "two".to_owned()];
    let mut watch = cluster.watch(WatchOptions::<TestExecution> { namespaces, ..WatchOptions::default() });
    for expected in [false, false, false, true] {
        assert!(watch.changes.next().await.is_some());
        if expected {
            assert!(watch.shelf.is_synced() && watch.shelf.len() == 2);
        }
    }
    // Both are listed anew: `one` has another object, `two` has none.
    for _ in 0..5 {
        assert!(watch.changes.next().await.is_some());
    }
    let left: Vec<_> = watch.shelf.all().iter().map(|object| object.name_any()).collect();
    assert_eq!(left, ["second"]);
    assert!(log.lock().expect("log").iter().all(|heard| heard.uri.contains("/namespaces/")), "nothing cluster-wide");
}
