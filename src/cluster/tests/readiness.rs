//! Workloads: the rules of kstatus, by its own test vectors too, and what is asked for.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::apiserver::{cluster, failure};
use crate::WorkloadName;
use crate::readiness::judge;

fn named(group: &str, kind: &str, name: &str) -> WorkloadName {
    WorkloadName { group: group.into(), kind: kind.into(), namespace: "shop".into(), name: name.into() }
}

#[tokio::test]
async fn those_that_are_not_ready_are_named_in_their_order() {
    let ready = json!({
        "metadata": { "generation": 2 }, "spec": { "replicas": 1 },
        "status": {
            "observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1,
            "conditions": [{ "type": "Available", "status": "True" }, { "type": "Progressing", "status": "True" }],
        },
    });
    let (cluster, log) = cluster(move |heard| {
        if heard.uri.ends_with("/deployments/ready") {
            return (200, ready.clone());
        }
        if heard.uri.ends_with("/deployments/old") {
            let mut old = ready.clone();
            old["status"]["observedGeneration"] = json!(1);
            return (200, old);
        }
        failure(404, "NotFound", "not found")
    });
    let asked = [
        named("apps", "Deployment", "old"),
        named("apps", "Deployment", "ready"),
        named("batch", "Job", "tidied"),
        named("apps", "StatefulSet", "gone"),
        named("", "Service", "svc"),
        named("apps", "Deployment", "../../secrets"),
    ];
    let found = cluster.readiness(&asked).await.expect("fine");
    let words: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "Deployment shop/old: its controller has not seen the newest version",
            "StatefulSet shop/gone: it does not exist",
            "Deployment shop/../../secrets: it has no valid name",
        ]
    );
    let log = log.lock().expect("log");
    assert_eq!(log.len(), 4);
    assert!(log.iter().all(|heard| heard.uri.starts_with("/apis/") && !heard.uri.contains("..")));
}

#[tokio::test]
async fn a_missing_right_names_itself() {
    let (cluster, _) = cluster(|_| {
        let words = "deployments.apps \"web\" is forbidden: User \"u\" cannot get resource \"deployments\"";
        failure(403, "Forbidden", words)
    });
    let error = cluster.readiness(&[named("apps", "Deployment", "web")]).await.expect_err("forbidden");
    assert!(error.to_string().contains("may not get deployments.apps; set `gitops.enabled: true`"), "{error}");
}

/// The test vectors of kstatus itself, for the kinds that are judged here.
#[test]
fn verdicts_of_kstatus() {
    let Some(corpus) = std::env::var_os("ASSAY_CORPUS").map(PathBuf::from) else { return };
    let text = std::fs::read_to_string(corpus.join("gitops/kstatus.jsonl")).expect("the vectors of the corpus");
    let mut seen = 0;
    for line in text.lines() {
        let row: Value = serde_json::from_str(line).expect("a line of JSON");
        let kind = row["kind"].as_str().expect("a kind");
        if !matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "Job") {
            continue;
        }
        let yaml = row["yaml"].as_str().expect("an object").replace("{{NOW}}", "2026-11-01T00:00:00Z");
        let object: Value = serde_yaml::from_str(&yaml).expect("YAML");
        let verdict = match judge(kind, &object) {
            None => "Current",
            Some(lack) if lack.failed => "Failed",
            Some(_) => "InProgress",
        };
        // A Job that runs is enough for kstatus; to Flux, and here, it must have ended.
        let expected = if row["id"] == "fluxcd/jobInProgress" { Some("InProgress") } else { row["expected"].as_str() };
        assert_eq!(Some(verdict), expected, "{}", row["id"]);
        seen += 1;
    }
    assert!(seen >= 20, "only {seen} vectors");
}

#[test]
fn old_pods_that_still_answer_are_waited_for() {
    let mut web = json!({
        "metadata": { "generation": 2 }, "spec": { "replicas": 1 },
        "status": {
            "observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1,
            "terminatingReplicas": 1,
            "conditions": [{ "type": "Available", "status": "True" }, { "type": "Progressing", "status": "True" }],
        },
    });
    let lack = judge("Deployment", &web).expect("the old pod would be tested");
    assert!(!lack.failed, "it only waits");
    web["status"]["terminatingReplicas"] = json!(0);
    assert!(judge("Deployment", &web).is_none());
}

#[test]
fn rules_that_the_vectors_do_not_show() {
    let set = |kind: &str, strategy: Value, status: Value| {
        judge(
            kind,
            &json!({ "metadata": { "generation": 1 }, "spec": { "replicas": 3, "updateStrategy": strategy }, "status": status }),
        )
    };
    let stale = json!({ "observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "currentReplicas": 3, "updatedReplicas": 1,
        "currentRevision": "a", "updateRevision": "b" });
    assert!(set("StatefulSet", json!({}), stale.clone()).is_some(), "its update is under way");
    assert!(set("StatefulSet", json!({ "type": "OnDelete" }), stale.clone()).is_none());
    assert!(set("StatefulSet", json!({ "rollingUpdate": { "partition": 2 } }), stale.clone()).is_none());
    assert!(set("StatefulSet", json!({ "rollingUpdate": { "partition": 1 } }), stale).is_some());
    let daemons = json!({ "observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2,
        "updatedNumberScheduled": 1, "numberAvailable": 2, "numberReady": 2 });
    assert!(set("DaemonSet", json!({}), daemons.clone()).is_some());
    assert!(set("DaemonSet", json!({ "type": "OnDelete" }), daemons).is_none());
    let deleted = json!({ "metadata": { "deletionTimestamp": "2026-11-01T00:00:00Z" } });
    assert!(judge("Job", &deleted).is_some());
}

#[test]
fn a_helm_release_is_ready_when_its_controller_says_so_of_this_generation() {
    let release = |observed: i64, ready: &str, suspended: bool| {
        let condition = json!({ "type": "Ready", "status": ready, "reason": "r", "message": "upgrading" });
        let status = json!({ "observedGeneration": observed, "conditions": [condition] });
        let spec = json!({ "suspend": suspended });
        judge("HelmRelease", &json!({ "metadata": { "generation": 2 }, "spec": spec, "status": status })).is_none()
    };
    assert!(release(2, "True", false) && release(2, "False", true));
    assert!(!release(1, "True", false) && !release(2, "Unknown", false) && !release(2, "False", false));
    assert!(judge("HelmRelease", &json!({ "metadata": { "generation": 1 } })).is_some(), "nobody has seen it");
}
