//! Objects: what is sent, and what odd answers become.

use assay_api::{TestExecution, TestExecutionStatus};
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::apiserver::{cluster, failure};
use crate::{Cascade, Created, Disposition, ProbePod, ProxyRequest};

fn config_map() -> ConfigMap {
    serde_json::from_value(json!({
        "metadata": { "name": "x", "namespace": "ns", "resourceVersion": "5", "managedFields": [] },
        "data": { "a": "b" },
    }))
    .expect("a ConfigMap")
}

#[tokio::test]
async fn apply_is_forced_under_its_manager_and_names_the_kind() {
    let (cluster, log) = cluster(|heard| (200, heard.body.clone()));
    cluster.apply(&config_map(), "assay-operator").await.expect("applied");
    let heard = log.lock().expect("log")[0].clone();
    assert_eq!(heard.method, "PATCH");
    assert!(heard.uri.starts_with("/api/v1/namespaces/ns/configmaps/x?"), "{}", heard.uri);
    assert!(heard.uri.contains("force=true") && heard.uri.contains("fieldManager=assay-operator"), "{}", heard.uri);
    assert_eq!(heard.headers["content-type"], "application/apply-patch+yaml");
    assert_eq!(heard.body["apiVersion"], "v1");
    assert_eq!(heard.body["kind"], "ConfigMap");
    assert!(heard.body["metadata"].get("resourceVersion").is_none());
    assert!(heard.body["metadata"].get("managedFields").is_none());
}

#[tokio::test]
async fn status_is_applied_whole_by_its_own_manager() {
    let (cluster, log) = cluster(|heard| {
        let mut object = heard.body.clone();
        object["spec"] = json!({ "workflowRef": { "name": "w" } });
        (200, object)
    });
    let status = TestExecutionStatus::default();
    cluster.patch_status::<TestExecution>("ns", "x", Some("u-1"), &status).await.expect("written");
    let heard = log.lock().expect("log")[0].clone();
    assert!(heard.uri.starts_with("/apis/assay.dev/v1alpha1/namespaces/ns/testexecutions/x/status?"), "{}", heard.uri);
    assert!(heard.uri.contains("fieldManager=assay-status"), "{}", heard.uri);
    assert_eq!(heard.body["metadata"]["uid"], "u-1");
    assert!(heard.body.get("spec").is_none());
}

#[tokio::test]
async fn an_object_that_is_there_is_no_error() {
    let (cluster, _) = cluster(|_| failure(409, "AlreadyExists", "configmaps \"x\" already exists"));
    let created = cluster.create(&config_map(), "assay-operator").await.expect("an answer");
    assert_eq!(created, Created::AlreadyExists);
}

#[tokio::test]
async fn a_probe_that_an_earlier_process_left_behind_says_nothing_of_this_one() {
    let (cluster, log) = cluster(|_| failure(409, "AlreadyExists", "pods \"p\" already exists"));
    let pod = ProbePod { namespace: "ns", name: "p", image: "i", pull_policy: None, pull_secrets: &[], owner: None };
    let error = cluster.run_probe_pod(&pod).await.expect_err("it is no answer");
    assert!(error.already_exists(), "{error}");
    assert_eq!(log.lock().expect("log").len(), 1, "whoever asks puts it away");
}

#[tokio::test]
async fn an_object_that_is_gone_is_deleted() {
    let (cluster, log) = cluster(|_| failure(404, "NotFound", "configmaps \"x\" not found"));
    cluster.delete::<ConfigMap>("ns", "x", Cascade::Background).await.expect("fine");
    assert!(cluster.get::<ConfigMap>("ns", "x").await.expect("an answer").is_none());
    assert_eq!(log.lock().expect("log")[0].body["propagationPolicy"], "Background");
}

#[tokio::test]
async fn lists_follow_their_pages() {
    let (cluster, log) = cluster(|heard| {
        let next = if heard.uri.contains("continue=") { "" } else { "more" };
        let list = json!({
            "apiVersion": "v1", "kind": "ConfigMapList", "metadata": { "continue": next }, "items": [config_map()],
        });
        (200, list)
    });
    let items = cluster.list::<ConfigMap>(None, Some("a=b")).await.expect("listed");
    assert_eq!(items.len(), 2);
    assert_eq!(log.lock().expect("log").len(), 2);
}

#[tokio::test]
async fn odd_answers_keep_their_meaning() {
    for (code, reason, expected) in [
        (409, "Conflict", Disposition::Transient),
        (410, "Expired", Disposition::Transient),
        (422, "Invalid", Disposition::Stalled),
        (429, "TooManyRequests", Disposition::Transient),
        (500, "InternalError", Disposition::Transient),
    ] {
        let (cluster, _) = cluster(move |_| failure(code, reason, "odd"));
        let error = cluster.apply(&config_map(), "m").await.expect_err("refused");
        assert_eq!((error.code(), error.disposition()), (Some(code), expected));
        assert_eq!(error.to_string(), "cannot apply ConfigMap ns/x");
    }
    let (broken, _) = cluster(|_| (502, json!("<html>bad gateway</html>")));
    let error = broken.apply(&config_map(), "m").await.expect_err("no API answer");
    assert_eq!(error.disposition(), Disposition::Transient, "{}", assay_telemetry::error_chain(&error));
}

#[tokio::test(start_paused = true)]
async fn silence_has_an_end() {
    let service = tower::service_fn(|_: http::Request<kube::client::Body>| {
        std::future::pending::<Result<http::Response<kube::client::Body>, std::convert::Infallible>>()
    });
    let cluster = crate::Cluster::from_client(kube::Client::new(service, "default"), "assay-test");
    let error = cluster.get::<ConfigMap>("ns", "x").await.expect_err("too late");
    assert!(error.unreachable());
    assert_eq!(error.disposition(), Disposition::Transient);
}

#[tokio::test]
async fn the_proxy_carries_the_token_in_our_header() {
    let (cluster, log) = cluster(|_| (503, json!("no endpoints")));
    let request = ProxyRequest {
        namespace: "assay-system",
        service: "assay",
        port: "https",
        path: "/api/v1/x?follow=true",
        token: "t0ken",
        headers: &[("accept", "text/event-stream")],
    };
    let answer = cluster.service_get(&request).await.expect("an answer");
    assert_eq!(answer.status, 503);
    let body: Vec<_> = answer.body.try_collect().await.expect("a body");
    assert_eq!(body.concat(), b"no endpoints\n");
    let heard = log.lock().expect("log")[0].clone();
    assert_eq!(heard.uri, "/api/v1/namespaces/assay-system/services/https:assay:https/proxy/api/v1/x?follow=true");
    assert_eq!(heard.headers["x-assay-authorization"], "Bearer t0ken");
    assert!(heard.headers["x-assay-authorization"].is_sensitive());
    assert_eq!(heard.headers["accept"], "text/event-stream");
}

#[tokio::test]
async fn restricted_is_asked_once() {
    let (cluster, log) = cluster(|heard| {
        if heard.uri.contains("/strict") {
            let labels = json!({ "pod-security.kubernetes.io/enforce": "restricted" });
            (200, json!({ "metadata": { "name": "strict", "labels": labels } }))
        } else {
            failure(404, "NotFound", "no such namespace")
        }
    });
    for _ in 0..2 {
        assert!(cluster.namespace_is_restricted("strict").await.expect("an answer"));
        assert!(!cluster.namespace_is_restricted("absent").await.expect("an answer"));
    }
    assert_eq!(log.lock().expect("log").len(), 2);
}
