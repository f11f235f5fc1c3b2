//! What runners send, and which of them are refused.

use std::sync::atomic::Ordering;

use assay_protocol::PROTOCOL_VERSION;
use assay_protocol::ingest::{Acknowledged, Hello, Stored, Welcome};
use assay_report::TestReport;
use axum::body::Body;
use http::Method;

use super::memory::pod;
use super::{UID, begin, frame, house, progress, request};

fn hello(uid: &str, attempt: u32) -> Vec<u8> {
    let hello = Hello { version: PROTOCOL_VERSION, execution_uid: uid.into(), attempt, plan_hash: "00".repeat(32) };
    serde_json::to_vec(&hello).expect("plain data")
}

#[tokio::test]
async fn a_run_from_hello_to_outcome() {
    let house = house().await;
    let welcome = house.post("/ingest/v1/hello", "runner", hello(UID, 1)).await;
    assert_eq!(welcome.status, 200, "{}", welcome.text());
    assert!(welcome.json::<Welcome>().acknowledged.is_empty());
    let piece = frame(0, 1, b"one\n");
    let length = piece.len() as u64;
    for _ in 0..2 {
        let answer = house.post("/ingest/v1/logs/0?offset=0", "runner", piece.clone()).await;
        assert_eq!(answer.json::<Acknowledged>().acknowledged, length);
    }
    let gap = house.post("/ingest/v1/logs/0?offset=1000", "runner", piece.clone()).await;
    assert_eq!((gap.status.as_u16(), gap.json::<Acknowledged>().acknowledged), (409, length));
    house.post("/ingest/v1/logs/999?offset=0", "runner", piece.clone()).await;
    let welcome = house.post("/ingest/v1/hello", "runner", hello(UID, 1)).await.json::<Welcome>();
    assert_eq!(welcome.acknowledged.into_iter().collect::<Vec<_>>(), [(0, length), (999, length)]);
    let stored = house.put("/ingest/v1/artifacts?name=a%2Fb.txt&step=test", "runner", "bytes").await;
    assert_eq!(stored.json::<Stored>().size, 5);
    let report = serde_json::to_vec(&TestReport::default()).expect("plain data");
    assert_eq!(house.put("/ingest/v1/report", "runner", report).await.status, 204);
    let mut changes = house.store.changes();
    let last = serde_json::to_vec(&progress(1, true)).expect("plain data");
    assert_eq!(house.put("/ingest/v1/progress", "runner", last).await.status, 200);
    assert_eq!(changes.try_recv().map(|change| change.name).ok().as_deref(), Some("smoke-1"));
    assert_eq!(house.identities.asked.load(Ordering::SeqCst), 1, "the token was looked at once");
}

#[tokio::test]
async fn strangers_are_refused() {
    let house = house().await;
    let paths = [
        (Method::POST, "/ingest/v1/hello"),
        (Method::POST, "/ingest/v1/logs/0?offset=0"),
        (Method::PUT, "/ingest/v1/progress"),
        (Method::PUT, "/ingest/v1/report"),
        (Method::PUT, "/ingest/v1/artifacts?name=x"),
    ];
    house.identities.add("unknown-execution", pod("another-uid", "smoke-2", 1));
    house.identities.add("later-attempt", pod(UID, "smoke-1", 2));
    house.identities.add("other-name", pod(UID, "smoke-9", 1));
    let mut abroad = pod(UID, "smoke-1", 1);
    abroad.namespace = "team-b".into();
    house.identities.add("abroad", abroad);
    for (method, path) in paths {
        for (token, status) in [
            ("", 401),
            ("nonsense", 401),
            ("unknown-execution", 425),
            ("later-attempt", 425),
            ("other-name", 403),
            ("abroad", 403),
        ] {
            let request = request(method.clone(), path, token).body(Body::empty()).expect("a request");
            let answer = house.send(request).await;
            answer.problem(status);
        }
    }
    assert_eq!(house.get("/ingest/v1/hello", "runner").await.problem(405).title, "method not allowed");
}

#[tokio::test]
async fn an_older_attempt_is_told_to_go() {
    let house = house().await;
    assert_eq!(house.post("/ingest/v1/hello", "runner", hello(UID, 1)).await.status, 200);
    begin(&house.store, "team-a", "smoke-1", UID, 2).await;
    let body = serde_json::to_vec(&progress(1, true)).expect("plain data");
    house.put("/ingest/v1/progress", "runner", body).await.problem(410);
    house.post("/ingest/v1/logs/0?offset=0", "runner", frame(0, 1, b"late\n")).await.problem(410);
    house.put("/ingest/v1/artifacts?name=x", "runner", "late").await.problem(410);
    house.identities.add("second", pod(UID, "smoke-1", 2));
    house.post("/ingest/v1/hello", "second", hello(UID, 1)).await.problem(403);
    assert_eq!(house.post("/ingest/v1/hello", "second", hello(UID, 2)).await.status, 200);
}

#[tokio::test]
async fn bodies_are_bounded_and_checked() {
    let house = house().await;
    house.post("/ingest/v1/logs/0?offset=0", "runner", vec![0; 1024 * 1024 + 1]).await.problem(413);
    house.post("/ingest/v1/logs/0?offset=0", "runner", "these are not frames, but long enough").await.problem(400);
    house.post("/ingest/v1/logs/0", "runner", "").await.problem(400);
    house.post("/ingest/v1/logs/70000?offset=0", "runner", "").await.problem(400);
    house.post("/ingest/v1/logs/500?offset=0", "runner", "").await.problem(400);
    house.put("/ingest/v1/progress", "runner", "{").await.problem(400);
    house.put("/ingest/v1/progress", "runner", vec![b' '; 8 * 1024 * 1024 + 1]).await.problem(413);
    house.put("/ingest/v1/artifacts?name=", "runner", "x").await.problem(400);
    let large = request(Method::PUT, "/ingest/v1/artifacts?name=x", "runner").header("content-length", "2147483649");
    house.send(large.body(Body::from("x")).expect("a request")).await.problem(413);
}

#[tokio::test]
async fn an_api_server_that_is_away_is_not_a_refusal() {
    let house = house().await;
    house.identities.away.store(true, Ordering::SeqCst);
    let problem = house.post("/ingest/v1/hello", "runner", hello(UID, 1)).await.problem(503);
    assert!(!problem.detail.contains("6443"), "inside stays inside: {}", problem.detail);
    house.identities.away.store(false, Ordering::SeqCst);
    assert_eq!(house.post("/ingest/v1/hello", "runner", hello(UID, 1)).await.status, 200);
}
