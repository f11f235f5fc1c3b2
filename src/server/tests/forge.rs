//! What forges send, and what strangers do.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use assay_api::ForgeKind;
use assay_gitops::webhook::PushEvent;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use axum::body::Body;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use http::{Method, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};

use super::{Answer, House, house, request};
use crate::{HookMetrics, HookSecret, Hooks};

const SECRET: &[u8] = b"a-secret-of-the-grant";
const AFTER: &str = "9d1f0c9a7f4b8a2e6c3d5b7a9e8f7d6c5b4a3928";

/// Grants `shop` (Gitea) and `lab` (GitLab) have the secret.
#[derive(Default)]
struct Grants {
    pushed: Mutex<Vec<(String, PushEvent)>>,
}

impl Hooks for Grants {
    fn secret<'a>(&'a self, grant: &'a str) -> BoxFuture<'a, Option<(ForgeKind, HookSecret)>> {
        let secret = || HookSecret(SECRET.to_vec());
        let found = match grant {
            "shop" => Some((ForgeKind::Gitea, secret())),
            "lab" => Some((ForgeKind::GitLab, secret())),
            _ => None,
        };
        ready(found).boxed()
    }

    fn pushed(&self, grant: &str, push: PushEvent) {
        self.pushed.lock().expect("no panic").push((grant.to_owned(), push));
    }
}

struct Listening {
    house: House,
    grants: Arc<Grants>,
    registry: Registry,
}

async fn listening() -> Listening {
    let (mut house, grants, metrics) = (house().await, Arc::new(Grants::default()), HookMetrics::default());
    let mut registry = Registry::default();
    metrics.register(&mut registry);
    house.router = house.server().with_hooks(grants.clone(), metrics).router();
    Listening { house, grants, registry }
}

impl Listening {
    async fn send(&self, grant: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = request(Method::POST, &format!("/hooks/v1/{grant}"), "");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.house.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    fn pushed(&self) -> Vec<(String, PushEvent)> {
        self.grants.pushed.lock().expect("no panic").clone()
    }
}

fn body() -> String {
    json!({
        "ref": "refs/heads/main", "before": "1".repeat(40), "after": AFTER,
        "repository": { "clone_url": "http://gitea:3000/team/shop.git" },
    })
    .to_string()
}

fn signature(body: &str) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, SECRET), body.as_bytes());
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_push_that_is_signed_is_passed_on() {
    let listening = listening().await;
    let body = body();
    let signature = signature(&body);
    let gitea = [("x-gitea-event", "push"), ("x-gitea-signature", signature.as_str())];
    let answer = listening.send("shop", &gitea, &body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.text());
    assert_eq!(answer.json::<Value>(), json!({ "accepted": "push" }));
    let pushed = listening.pushed();
    assert_eq!(pushed.len(), 1);
    assert_eq!(pushed[0].0, "shop");
    assert_eq!((pushed[0].1.branch.as_str(), pushed[0].1.after.as_str()), ("main", AFTER));

    let gitlab = [("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "a-secret-of-the-grant")];
    let answer = listening.send("lab", &gitlab, &body.replace("clone_url", "git_http_url")).await;
    assert_eq!(answer.json::<Value>(), json!({ "accepted": "push" }));
    assert_eq!(listening.pushed().len(), 2);
}

#[tokio::test]
async fn other_events_are_taken_and_let_be() {
    let listening = listening().await;
    let signature = signature("{}");
    for (event, accepted) in [("ping", "ping"), ("issues", "nothing")] {
        let headers = [("x-gitea-event", event), ("x-gitea-signature", signature.as_str())];
        let answer = listening.send("shop", &headers, "{}").await;
        assert_eq!((answer.status, answer.json::<Value>()), (StatusCode::ACCEPTED, json!({ "accepted": accepted })));
    }
    let headers = [("x-gitea-event", "push"), ("x-gitea-signature", signature.as_str())];
    let problem = listening.send("shop", &headers, "{}").await.problem(400);
    assert_eq!(problem.detail, "the body is not the JSON of a push; let the forge send `application/json`");
    assert!(listening.pushed().is_empty());
}

#[tokio::test]
async fn a_stranger_learns_nothing() {
    let listening = listening().await;
    let body = body();
    let wrong = "00".repeat(32);
    let mut answers = Vec::new();
    for (grant, headers) in [
        ("shop", vec![]),
        ("shop", vec![("x-gitea-event", "push"), ("x-gitea-signature", wrong.as_str())]),
        ("nobody", vec![("x-gitea-event", "push"), ("x-gitea-signature", wrong.as_str())]),
        ("nobody", vec![("x-gitlab-event", "Push Hook"), ("x-gitlab-token", "nobody knows this one")]),
        ("..", vec![]),
        ("Not%20a%20name", vec![("x-gitea-event", "push")]),
    ] {
        let begun = Instant::now();
        let answer = listening.send(grant, &headers, &body).await;
        assert!(begun.elapsed() >= Duration::from_millis(250), "{grant} was refused too early");
        let problem = answer.problem(401);
        assert!(!answer.text().contains("a-secret"), "{}", answer.text());
        answers.push((problem.title, problem.detail, format!("{:?}", answer.headers)));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    assert!(listening.pushed().is_empty());
}

#[tokio::test]
async fn it_is_bounded_and_counted() {
    let listening = listening().await;
    let large = "x".repeat(1024 * 1024 + 1);
    listening.send("shop", &[], &large).await.problem(413);
    let (mut sent, mut limited) = (0, 0);
    // A slow machine sends hardly more than is let through.
    while limited == 0 && sent < 20_000 {
        sent += 1;
        let signature = signature("{}");
        let headers = [("x-gitea-event", "ping"), ("x-gitea-signature", signature.as_str())];
        let answer = listening.send("shop", &headers, "{}").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.header("retry-after"), "1");
            limited += 1;
        }
    }
    assert!(limited > 0, "nothing was limited");
    let mut text = String::new();
    encode(&mut text, &listening.registry).expect("text takes everything");
    for line in [
        r#"assay_webhooks_total{outcome="unread"} 1"#.to_owned(),
        format!("assay_webhooks_total{{outcome=\"limited\"}} {limited}"),
        format!("assay_webhooks_total{{outcome=\"ping\"}} {}", sent - limited),
    ] {
        assert!(text.contains(&line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn without_gitops_there_is_nothing_to_hear() {
    let house = house().await;
    let answer = house.post("/hooks/v1/shop", "", "{}").await;
    assert!(answer.problem(404).detail.contains("gitops.enabled"));
    let listening = listening().await;
    assert_eq!(listening.house.get("/hooks/v1/shop", "").await.problem(405).title, "method not allowed");
}

#[test]
fn the_secret_is_never_shown() {
    assert_eq!(format!("{:?}", HookSecret(SECRET.to_vec())), "HookSecret(..)");
}
