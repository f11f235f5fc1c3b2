//! Tokens and rights.

use serde_json::{Value, json};

use super::apiserver::cluster;
use crate::{Access, Identity};

fn review(status: Value) -> (u16, Value) {
    (201, json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {}, "status": status }))
}

#[tokio::test]
async fn only_a_good_token_for_the_audience_has_an_identity() {
    let user = json!({ "username": "system:serviceaccount:ns:x", "uid": "u", "groups": ["g"],
        "extra": { "authentication.kubernetes.io/pod-name": ["p"] } });
    for (status, audience, good) in [
        (
            json!({ "authenticated": true, "user": user, "audiences": ["assay.dev/ingest"] }),
            Some("assay.dev/ingest"),
            true,
        ),
        (json!({ "authenticated": true, "user": user, "audiences": ["other"] }), Some("assay.dev/ingest"), false),
        (json!({ "authenticated": true, "user": user }), Some("assay.dev/ingest"), false),
        (json!({ "authenticated": true, "user": user }), None, true),
        (json!({ "authenticated": true }), None, false),
        (json!({ "authenticated": true, "user": { "username": "" } }), None, false),
        (json!({ "authenticated": false, "user": user }), None, false),
        (json!({ "error": "expired" }), None, false),
        (Value::Null, None, false),
    ] {
        let answer = status.clone();
        let (cluster, log) = cluster(move |_| review(answer.clone()));
        let identity = cluster.review_token("t", audience).await.expect("an answer");
        assert_eq!(identity.is_some(), good, "{status} {audience:?}");
        let asked = log.lock().expect("log")[0].body["spec"].clone();
        assert_eq!(asked["token"], "t");
        assert_eq!(asked.get("audiences").is_some(), audience.is_some());
        if let Some(identity) = identity {
            assert_eq!(identity.extra["authentication.kubernetes.io/pod-name"], ["p"]);
        }
    }
}

#[tokio::test]
async fn a_right_needs_a_clear_yes() {
    let access = Access {
        verb: "get",
        group: "assay.dev",
        resource: "testexecutions",
        subresource: "log",
        namespace: "ns",
        name: "x",
    };
    for (status, allowed) in [
        (json!({ "allowed": true }), true),
        (json!({ "allowed": true, "denied": true }), false),
        (json!({ "allowed": false, "reason": "no" }), false),
        (Value::Null, false),
    ] {
        let answer = status.clone();
        let (cluster, log) = cluster(move |heard| {
            let kind =
                if heard.uri.contains("/selfsubject") { "SelfSubjectAccessReview" } else { "SubjectAccessReview" };
            let version = "authorization.k8s.io/v1";
            (201, json!({ "apiVersion": version, "kind": kind, "spec": {}, "status": answer.clone() }))
        });
        let identity = Identity { username: "jo".into(), ..Identity::default() };
        assert_eq!(cluster.may(&identity, &access).await.expect("an answer"), allowed, "{status}");
        assert_eq!(cluster.can_i(&access).await.expect("an answer"), status["allowed"] == json!(true));
        let asked = log.lock().expect("log")[0].body["spec"].clone();
        assert_eq!(asked["user"], "jo");
        assert_eq!(asked["resourceAttributes"]["subresource"], "log");
    }
}
