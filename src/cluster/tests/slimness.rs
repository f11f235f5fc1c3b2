//! Slim types read everything that an API server may hold.

use serde_json::json;

use crate::{ContainerState, SlimJob, SlimPod};

#[test]
fn a_pod_keeps_what_is_judged_and_nothing_else() {
    let pod: SlimPod = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": "p", "namespace": "ns", "uid": "u", "resourceVersion": "7",
            "labels": { "assay.dev/execution-uid": "e", "assay.dev/attempt": "2", "job-name": "j" },
            "annotations": { "big": "x" }, "managedFields": [{ "manager": "m" }],
            "ownerReferences": [{ "apiVersion": "batch/v1", "kind": "Job", "name": "j", "uid": "ju", "controller": true }],
            "deletionTimestamp": "2026-01-02T03:04:05Z",
        },
        "spec": { "nodeName": "n1", "containers": [{ "name": "a", "env": [{ "name": "X" }] }] },
        "status": {
            "phase": "Failed", "reason": "Evicted", "message": "low on memory",
            "conditions": [
                { "type": "Ready", "status": "False" },
                { "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": "m",
                  "lastTransitionTime": "2026-01-02T03:04:05Z" },
            ],
            "initContainerStatuses": [{ "name": "i", "state": { "waiting": { "reason": "PodInitializing" } } }],
            "containerStatuses": [
                { "name": "a", "image": "r/a:1", "restartCount": 1, "state": { "running": { "startedAt": "2026-01-02T03:04:05Z" } } },
                { "name": "b", "state": { "terminated": {
                    "exitCode": 137, "reason": "OOMKilled", "message": "seal", "finishedAt": "2026-01-02T03:04:05Z" } } },
                { "name": "c", "state": {} },
            ],
        },
    }))
    .expect("a Pod");
    assert_eq!(pod.execution_uid(), Some("e"));
    assert_eq!(pod.attempt(), Some(2));
    assert_eq!(pod.metadata.labels.as_ref().map(|labels| labels.len()), Some(2));
    assert!(pod.metadata.annotations.is_none() && pod.metadata.managed_fields.is_none());
    assert_eq!(pod.metadata.owner_references.as_ref().map(|owners| owners[0].uid.as_str()), Some("ju"));
    assert!(pod.metadata.deletion_timestamp.is_some());
    assert_eq!(pod.node_name.as_deref(), Some("n1"));
    assert_eq!(pod.conditions.len(), 1);
    assert_eq!(pod.condition("DisruptionTarget").and_then(|c| c.reason.as_deref()), Some("TerminationByKubelet"));
    assert_eq!(pod.containers[0].state, ContainerState::Running);
    assert_eq!((pod.containers[0].restarts, pod.containers[0].image.as_str()), (1, "r/a:1"));
    assert!(pod.conditions[0].since.is_some());
    assert!(matches!(&pod.containers[1].state,
        ContainerState::Terminated { exit_code: 137, reason: Some(reason), .. } if reason == "OOMKilled"));
    assert_eq!(pod.containers[2].state, ContainerState::Unknown);
}

#[test]
fn absent_and_null_are_the_same() {
    for text in [
        "{}",
        r#"{"metadata":null,"spec":null,"status":null}"#,
        r#"{"metadata":{"name":"x","labels":null,"ownerReferences":null}}"#,
        r#"{"status":{"phase":null,"conditions":null,"containerStatuses":[{"name":null,"state":null}]}}"#,
        r#"{"status":{"conditions":[{"type":null,"status":null}],"containerStatuses":[{}]}}"#,
        r#"{"status":{"containerStatuses":[{"state":{"terminated":{}}}]},"unknown":[1,{"deep":true}]}"#,
    ] {
        serde_json::from_str::<SlimPod>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        serde_json::from_str::<SlimJob>(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
}

#[test]
fn a_job_tells_how_it_stands() {
    let job: SlimJob = serde_json::from_value(json!({
        "metadata": { "name": "j", "labels": { "assay.dev/execution-uid": "e" } },
        "status": { "active": 1, "failed": 2, "conditions": [
            { "type": "Failed", "status": "True", "reason": "DeadlineExceeded", "message": "m" } ] },
    }))
    .expect("a Job");
    assert_eq!((job.active, job.succeeded, job.failed), (1, 0, 2));
    assert_eq!(job.condition("Failed").map(|condition| condition.status.as_str()), Some("True"));
    assert_eq!(job.execution_uid(), Some("e"));
}
