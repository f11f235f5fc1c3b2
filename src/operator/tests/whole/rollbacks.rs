//! The whole loop with a real repository: good, bad, reverted, green again; and what is refused.

use assay_api::Verdict;
use serde_json::{Value, json};

use crate::apiserver::ApiServer;
use crate::gates::{APPLICATION, GATE, application, gate};
use crate::repository::Repository;
use crate::{House, KINDS, found, leading_house, workflow};

const GRANT: &str = "/apis/assay.dev/v1alpha1/gitwriteaccesses/shop";

/// A gate that has judged the good revision green and the bad one red, with this policy and grant.
pub(crate) async fn failed(repository: &Repository, policy: Value, grant: Value) -> (House, String, String) {
    let server = ApiServer::default();
    server
        .put("/api/v1/namespaces/ns", json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "ns" } }));
    server.put(&format!("{KINDS}/testworkflows/w"), workflow());
    let mut judged = gate();
    judged["spec"]["rollback"] = policy;
    server.put(GATE, judged);
    server.put(GRANT, grant);
    let good = repository.commit("apps/web/app.yaml", "good");
    let house = leading_house(server).await;
    house.until(GRANT, |grant| grant["status"]["conditions"][0]["status"].is_string()).await;
    house.deliver(repository, &good);
    house.end_run(1, &good, Verdict::Passed).await;
    house.gate_says("Passed", &good).await;
    let bad = repository.commit("apps/web/app.yaml", "bad");
    house.deliver(repository, &bad);
    house.end_run(1, &bad, Verdict::Failed).await;
    house.end_run(2, &bad, Verdict::Failed).await;
    (house, good, bad)
}

pub(crate) fn grant(repository: &Repository) -> Value {
    json!({
        "apiVersion": "assay.dev/v1alpha1", "kind": "GitWriteAccess", "metadata": { "name": "shop" },
        "spec": {
            "repository": repository.url, "branches": ["main"], "paths": ["apps"], "namespaces": ["ns"], "mode": "Push",
        },
        "status": { "observedGeneration": -1 },
    })
}

impl House {
    /// Argo CD has applied this commit.
    pub(crate) fn deliver(&self, repository: &Repository, commit: &str) {
        let mut delivered = application((commit, "Synced"), Some(commit));
        delivered["spec"]["source"]["repoURL"] = json!(repository.url);
        self.server.put(APPLICATION, delivered);
    }

    /// The record, once it is in this phase.
    pub(crate) async fn rollback(&self, phase: &str) -> Value {
        let first = async || self.server.paths("rollbacks").first().cloned();
        let path = found(first, || "there is no record of a rollback".to_owned()).await;
        self.until(&path, |record| record["status"]["phase"] == phase).await
    }
}

#[tokio::test]
async fn what_failed_is_taken_back_and_green_again() {
    let repository = Repository::start().await;
    let (house, good, bad) = failed(&repository, json!({ "mode": "Push" }), grant(&repository)).await;
    let record = house.rollback("Deploying").await;
    let revert = repository.git(&["rev-parse", "main"]);
    assert_eq!(record["status"]["commit"]["id"], json!(revert));
    assert_eq!(repository.git(&["rev-parse", "main^"]), bad, "one commit on the tip");
    let tree = |commit: &str| repository.git(&["rev-parse", &format!("{commit}^{{tree}}")]);
    assert_eq!(tree("main"), tree(&good));
    let key = repository.git(&["log", "-1", "--format=%(trailers:key=Assay-Rollback,valueonly)", "main"]);
    assert_eq!(json!(key), record["spec"]["key"]);
    let asked = |application: &Value| application["metadata"]["annotations"]["argocd.argoproj.io/refresh"] == "normal";
    house.until(APPLICATION, asked).await;

    house.deliver(&repository, &revert);
    house.rollback("Verifying").await;
    house.end_run(1, &revert, Verdict::Passed).await;
    let record = house.rollback("Recovered").await;
    let phases: Vec<_> = record["status"]["trail"].as_array().expect("a trail").iter().map(|at| &at["phase"]).collect();
    assert_eq!(phases, ["Evaluating", "Committing", "Deploying", "Verifying", "Recovered"]);
    assert!(record["status"]["recoveryTime"].is_string());
    assert_eq!(repository.git(&["rev-list", "--count", "main"]), "3", "nothing else was written");
    let line = r#"assay_rollbacks_total{phase="Recovered",reason="Recovered"} 1"#;
    house.counted(line, |numbers| numbers.contains(line)).await;
}

#[tokio::test]
async fn a_path_that_the_grant_does_not_cover_is_refused_and_nothing_is_written() {
    let repository = Repository::start().await;
    let mut narrow = grant(&repository);
    narrow["spec"]["paths"] = json!(["apps/api"]);
    let (house, _, bad) = failed(&repository, json!({ "mode": "Push" }), narrow).await;
    let record = house.rollback("Refused").await;
    let findings = record["status"]["findings"].as_array().expect("findings");
    let refused: Vec<_> = findings.iter().filter(|one| one["answer"] == "Refuse").map(|one| &one["guard"]).collect();
    assert_eq!(refused, ["Granted"]);
    assert_eq!(repository.git(&["rev-parse", "main"]), bad);
}

#[tokio::test]
async fn an_observer_only_says_what_it_would_do() {
    let repository = Repository::start().await;
    let (house, _, bad) = failed(&repository, json!({ "mode": "Observe" }), grant(&repository)).await;
    let record = house.rollback("Observed").await;
    assert_eq!(record["status"]["commit"]["parent"], json!(bad));
    assert_eq!(record["status"]["commit"]["files"], json!(["apps/web/app.yaml"]));
    assert_eq!(repository.git(&["rev-parse", "main"]), bad);
}

#[tokio::test]
async fn a_push_that_nobody_recorded_is_found_in_the_repository() {
    let repository = Repository::start().await;
    let (house, ..) = failed(&repository, json!({ "mode": "Push" }), grant(&repository)).await;
    let record = house.rollback("Deploying").await;
    let server = house.end().await;
    // As if the manager had died between the push and its record.
    let path = server.paths("rollbacks").first().cloned().expect("a record");
    let mut before = record.clone();
    before["status"]["phase"] = json!("Committing");
    before["status"]["pushedAt"] = Value::Null;
    server.put(&path, before);
    let second = leading_house(server).await;
    let again = second.rollback("Deploying").await;
    assert_eq!(again["status"]["commit"]["id"], record["status"]["commit"]["id"]);
    assert_eq!(repository.git(&["rev-list", "--count", "main"]), "3", "it is pushed once");
}
