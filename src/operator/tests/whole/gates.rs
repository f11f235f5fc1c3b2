//! A gate on an Application of Argo CD: what it makes, what it says, and what it records.

use assay_api::{Reason, StepState, Verdict};
use assay_protocol::Progress;
use assay_store::RunKey;
use serde_json::{Value, json};

use crate::apiserver::ApiServer;
use crate::{House, KINDS, found, house, passed, workflow};

pub(crate) const GATE: &str = "/apis/assay.dev/v1alpha1/namespaces/ns/testgates/g";
pub(crate) const APPLICATION: &str = "/apis/argoproj.io/v1alpha1/namespaces/argocd/applications/web";
const GOOD: &str = "aaaaaaa111111111111111111111111111111111";
const BAD: &str = "bbbbbbb222222222222222222222222222222222";

pub(crate) fn gate() -> Value {
    json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate",
        "metadata": { "name": "g", "namespace": "ns", "uid": "uid-g", "generation": 1 },
        "spec": {
            "delivery": { "kind": "Application", "name": "web", "namespace": "argocd" },
            "workflows": [{ "name": "w" }], "rollback": {},
        },
        "status": { "observedGeneration": -1 },
    })
}

/// An Application that was compared with a revision, and whose operation of another one runs, if any.
pub(crate) fn application(compared: (&str, &str), operation: Option<&str>) -> Value {
    let operation = operation.map(|revision| {
        json!({
            "phase": "Running", "startedAt": "2026-01-01T00:00:00Z",
            "operation": { "sync": { "revision": revision } }, "syncResult": { "revision": revision },
        })
    });
    json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": { "name": "web", "namespace": "argocd", "uid": "uid-web", "generation": 1 },
        "spec": {
            "destination": { "server": "https://kubernetes.default.svc", "namespace": "shop" },
            "source": { "repoURL": "https://git.example.com/shop.git", "path": "apps/web", "targetRevision": "main" },
            "syncPolicy": { "automated": {} },
        },
        "status": { "sync": { "status": compared.1, "revision": compared.0 }, "operationState": operation },
    })
}

fn ended(verdict: Verdict) -> Progress {
    let mut progress = passed();
    if verdict == Verdict::Failed {
        (progress.steps[0].state, progress.steps[0].exit_code) = (StepState::Failed, Some(1));
        let outcome = progress.outcome.as_mut().expect("an outcome");
        (outcome.verdict, outcome.reason) = (Verdict::Failed, Reason::TestsFailed);
        outcome.message = "checkout is broken".into();
    }
    progress
}

impl House {
    /// Waits for that run of the gate's current judgement, and lets its runner say how it ended.
    pub(crate) async fn end_run(&self, number: usize, revision: &str, verdict: Verdict) -> Value {
        let made = |gate: &Value| gate["status"]["current"]["executions"][number - 1]["name"].is_string();
        let current = |gate: &Value| gate["status"]["current"]["revision"] == revision;
        let gate = self.until(GATE, |gate| current(gate) && made(gate)).await;
        let name = gate["status"]["current"]["executions"][number - 1]["name"].as_str().expect("a name").to_owned();
        let path = format!("{KINDS}/testexecutions/{name}");
        let planned =
            |execution: &Value| execution["status"]["job"]["planHash"].as_str().is_some_and(|hash| !hash.is_empty());
        let execution = self.until(&path, planned).await;
        let execution_uid = execution["metadata"]["uid"].as_str().expect("a uid").to_owned();
        let run = RunKey { execution_uid, attempt: 1, pod_uid: "pod".into() };
        // A store that is new hears of the execution a moment later.
        let save = async || self.store.save_progress(&run, &ended(verdict)).await.ok();
        found(save, || format!("the store does not know {name}")).await;
        execution
    }

    pub(crate) async fn gate_says(&self, reason: &str, revision: &str) -> Value {
        let says =
            |gate: &Value| gate["status"]["reason"] == reason && gate["status"]["current"]["revision"] == revision;
        self.until(GATE, says).await
    }
}

fn conditions(gate: &Value) -> Vec<(String, String)> {
    let list = gate["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let text = |condition: &Value, field: &str| condition[field].as_str().unwrap_or_default().to_owned();
    list.iter().map(|condition| (text(condition, "type"), text(condition, "status"))).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(kind, status)| ((*kind).to_owned(), (*status).to_owned())).collect()
}

#[tokio::test]
async fn a_gate_tests_what_is_delivered_and_records_what_failed() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    server.put(GATE, gate());
    let house = house(server).await;
    let missing = house.until(GATE, |gate| gate["status"]["reason"] == "DeliveryNotFound").await;
    assert_eq!(conditions(&missing), pairs(&[("Ready", "Unknown"), ("Reconciling", "True")]));

    house.server.put(APPLICATION, application((GOOD, "Synced"), None));
    let execution = house.end_run(1, GOOD, Verdict::Passed).await;
    let (metadata, spec) = (&execution["metadata"], &execution["spec"]);
    assert_eq!((&spec["revision"], &spec["workflowRef"]["name"]), (&json!(GOOD), &json!("w")));
    assert_eq!(
        (&metadata["labels"]["assay.dev/gate"], &metadata["annotations"]["assay.dev/role"]),
        (&json!("g"), &json!("Judge"))
    );
    assert_eq!(metadata["ownerReferences"][0]["uid"], "uid-g");
    let green = house.gate_says("Passed", GOOD).await;
    assert_eq!(conditions(&green), pairs(&[("Ready", "True")]));
    assert_eq!(green["status"]["lastGood"]["source"]["path"], "apps/web");

    // Git has moved, nothing is applied: the verdict of what was there is gone.
    house.server.put(APPLICATION, application((BAD, "OutOfSync"), Some(BAD)));
    let waits = house.gate_says("AwaitingDeployment", BAD).await;
    assert_eq!(conditions(&waits), pairs(&[("Ready", "Unknown"), ("Reconciling", "True")]));

    // Applied; the operation goes on, since it waits for the gate.
    house.server.put(APPLICATION, application((BAD, "Synced"), Some(BAD)));
    house.end_run(1, BAD, Verdict::Failed).await;
    assert_eq!(house.server.paths("rollbacks"), Vec::<String>::new(), "one failure is none");
    let confirming = house.end_run(2, BAD, Verdict::Failed).await;
    assert_eq!(confirming["metadata"]["annotations"]["assay.dev/role"], "Confirm");
    let red = house.gate_says("TestsFailed", BAD).await;
    assert_eq!(conditions(&red), pairs(&[("Ready", "False"), ("Stalled", "True")]));
    let name = red["status"]["rollback"]["name"].as_str().expect("a rollback").to_owned();
    let record = house.until(&format!("{KINDS}/rollbacks/{name}"), Value::is_object).await;
    let (bad, good) = (&record["spec"]["bad"]["revision"], &record["spec"]["good"]["revision"]);
    assert_eq!(
        (bad, good, record["spec"]["executions"].as_array().map(Vec::len)),
        (&json!(BAD), &json!(GOOD), Some(2))
    );
    assert_eq!(house.server.paths("testexecutions").len(), 3);
    let numbers = house.numbers();
    for verdict in ["passed", "failed"] {
        assert!(numbers.contains(&format!("assay_gate_verdicts_total{{verdict=\"{verdict}\"")), "{numbers}");
    }
}

#[tokio::test]
async fn workloads_are_looked_at_until_they_are_ready_and_it_is_said_once() {
    const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/shop/deployments/web";
    let deployment = |ready: i64| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": { "name": "web", "namespace": "shop", "generation": 1 },
            "spec": { "replicas": 1 },
            "status": {
                "observedGeneration": 1, "replicas": 1, "updatedReplicas": ready, "readyReplicas": ready,
                "availableReplicas": ready, "conditions": [{ "type": "Available", "status": "True" }],
            },
        })
    };
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    server.put(GATE, gate());
    server.put(DEPLOYMENT, deployment(0));
    let mut delivered = application((GOOD, "Synced"), None);
    delivered["status"]["resources"] = json!([
        { "group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": "web", "status": "Synced" }
    ]);
    server.put(APPLICATION, delivered);
    let house = house(server).await;
    let named =
        |gate: &Value| gate["status"]["message"].as_str().is_some_and(|words| words.contains("Deployment shop/web"));
    let waits = house.until(GATE, named).await;
    assert_eq!(waits["status"]["reason"], "AwaitingWorkloads", "{waits}");
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let later = house.server.get(GATE).expect("a gate");
    for said in ["reason", "message", "conditions"] {
        assert_eq!(later["status"][said], waits["status"][said], "nothing new is to be said");
    }
    assert_eq!(house.server.paths("testexecutions"), Vec::<String>::new());
    house.server.put(DEPLOYMENT, deployment(1));
    house.end_run(1, GOOD, Verdict::Passed).await;
    house.gate_says("Passed", GOOD).await;
}

#[tokio::test]
async fn a_gate_that_begins_again_goes_on_where_it_was() {
    let server = ApiServer::default();
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    server.put(GATE, gate());
    server.put(APPLICATION, application((GOOD, "Synced"), None));
    let first = house(server.clone()).await;
    first.gate_says("Testing", GOOD).await;
    first.until(GATE, |_| !server.paths("testexecutions").is_empty()).await;
    let made = server.paths("testexecutions");
    first.end().await;
    let second = house(server).await;
    second.end_run(1, GOOD, Verdict::Passed).await;
    second.gate_says("Passed", GOOD).await;
    assert_eq!(second.server.paths("testexecutions"), made, "nothing is made twice");
}
