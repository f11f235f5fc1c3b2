//! What people hear at once when they apply something wrong.

use std::sync::atomic::Ordering;

use assay_api::{TestWorkflow, TestWorkflowTemplateSpec};
use serde_json::{Value, json};

use super::{House, house};

const PATH: &str = "/admission/v1/validate";

fn workflow(spec: Value) -> TestWorkflow {
    let object = json!({ "apiVersion": "assay.dev/v1alpha1", "kind": "TestWorkflow",
        "metadata": { "name": "w", "namespace": "team-a" }, "spec": spec });
    serde_json::from_value(object).expect("a workflow")
}

impl House {
    async fn admit(&self, kind: &str, spec: Value, old: Option<Value>) -> Value {
        let review = json!({
            "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
            "request": {
                "uid": "u-1", "kind": { "group": "assay.dev", "version": "v1alpha1", "kind": kind },
                "namespace": "team-a", "name": "x", "operation": "CREATE", "dryRun": true,
                "object": { "metadata": { "name": "x" }, "spec": spec },
                "oldObject": old.map(|spec| json!({ "metadata": { "name": "x" }, "spec": spec })),
            },
        });
        // The API server shows no token.
        let answer: Value = self.post(PATH, "", review.to_string()).await.json();
        assert_eq!(answer["kind"], "AdmissionReview");
        assert_eq!(answer["response"]["uid"], "u-1");
        answer["response"].clone()
    }
}

fn good() -> Value {
    json!({ "container": { "image": "a" }, "config": { "count": { "type": "integer" } }, "steps": [{ "shell": "true" }] })
}

#[tokio::test]
async fn what_is_right_is_let_through() {
    let house = house().await;
    let answer = house.admit("TestWorkflow", good(), None).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    assert!(answer.get("status").is_none());
}

#[tokio::test]
async fn a_wrong_workflow_is_refused_in_the_words_of_validate() {
    let house = house().await;
    let answer = house.admit("TestWorkflow", json!({ "steps": [{ "shell": "true" }] }), None).await;
    assert_eq!(answer["allowed"], false);
    assert_eq!(answer["status"]["code"], 422);
    let message = answer["status"]["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("spec.steps[0].container.image: "), "{message}");
    let answer = house.admit("TestWorkflow", json!({ "steps": [{ "shell": "true" }, { "shell": "" }] }), None).await;
    let message = answer["status"]["message"].as_str().unwrap_or_default();
    assert!(message.contains("mistakes\n  - spec.steps[0]"), "{message}");
}

#[tokio::test]
async fn gates_and_grants_are_judged_by_themselves() {
    let house = house().await;
    let gate = |timeout: &str| json!({ "delivery": { "kind": "Application", "name": "web" }, "workflows": [{ "name": "w" }], "timeout": timeout });
    assert_eq!(house.admit("TestGate", gate("5m"), None).await["allowed"], true);
    let access = |url: &str| json!({ "repository": url, "branches": ["main"], "namespaces": ["shop"] });
    assert_eq!(house.admit("GitWriteAccess", access("ssh://git@host/a/b"), None).await["allowed"], true);
    for (kind, spec, words) in [
        ("TestGate", gate("5 minutes"), "spec.timeout: `5 minutes` must be numbers"),
        ("GitWriteAccess", access("https://host"), "spec.repository: it is no URL of a repository: "),
    ] {
        let answer = house.admit(kind, spec, None).await;
        let message = answer["status"]["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(words), "{answer}");
    }
}

#[tokio::test]
async fn old_mistakes_do_not_stop_whoever_touches_something_else() {
    let house = house().await;
    let wrong = json!({ "steps": [{ "shell": "true" }] });
    assert_eq!(house.admit("TestWorkflow", wrong.clone(), Some(wrong.clone())).await["allowed"], true);
    assert_eq!(house.admit("TestWorkflow", wrong, Some(good())).await["allowed"], false);
}

#[tokio::test]
async fn a_template_may_come_after_the_workflow_that_uses_it() {
    let house = house().await;
    let mut spec = good();
    spec["use"] = json!([{ "name": "late", "config": { "level": "3" } }]);
    let answer = house.admit("TestWorkflow", spec.clone(), None).await;
    assert_eq!(answer["allowed"], true, "{answer}");
    assert_eq!(answer["warnings"][0], "the template `late` does not exist yet");
    let template = json!({ "config": { "level": { "type": "integer", "maximum": 2 } } });
    let template: TestWorkflowTemplateSpec = serde_json::from_value(template).expect("a template");
    house.definitions.templates.lock().expect("no panic").insert("late".to_owned(), template);
    let answer = house.admit("TestWorkflow", spec, None).await;
    assert_eq!(answer["allowed"], false, "{answer}");
    assert!(answer["status"]["message"].as_str().unwrap_or_default().contains("level"), "{answer}");
}

#[tokio::test]
async fn an_execution_is_judged_by_its_values_and_not_by_its_workflow() {
    let house = house().await;
    let execution = |config: Value| json!({ "workflowRef": { "name": "w" }, "config": config });
    let unknown = house.admit("TestExecution", execution(json!({})), None).await;
    assert_eq!(
        (&unknown["allowed"], &unknown["warnings"][0]),
        (&json!(true), &json!("the workflow `w` does not exist yet"))
    );
    house.definitions.workflows.lock().expect("no panic").insert("w".to_owned(), workflow(good()));
    let wrong = house.admit("TestExecution", execution(json!({ "count": "many" })), None).await;
    assert_eq!(wrong["allowed"], false, "{wrong}");
    assert!(wrong["status"]["message"].as_str().unwrap_or_default().starts_with("spec.config.count: "), "{wrong}");
    assert_eq!(house.admit("TestExecution", execution(json!({ "count": "3" })), None).await["allowed"], true);
    house.definitions.away.store(true, Ordering::SeqCst);
    let unjudged = house.admit("TestExecution", execution(json!({ "count": "many" })), None).await;
    assert_eq!(unjudged["allowed"], true);
    assert!(unjudged["warnings"][0].as_str().unwrap_or_default().starts_with("not checked"), "{unjudged}");
}

#[tokio::test]
async fn a_body_that_is_no_review_is_refused() {
    let house = house().await;
    house.post(PATH, "", "{}").await.problem(400);
    house.post(PATH, "", "nonsense").await.problem(400);
}
