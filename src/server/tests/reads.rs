//! Executions and reports, who may read them, and the probes.

use std::sync::atomic::Ordering;

use assay_protocol::rest::{ExecutionRecord, Page};
use assay_report::TestReport;
use axum::body::Body;
use http::{Method, Request};

use super::{EXECUTION, UID, begin, house, key, progress, request};

#[tokio::test]
async fn executions_are_listed_and_found_by_name_and_uid() {
    let house = house().await;
    begin(&house.store, "team-a", "smoke-2", "uid-2", 1).await;
    house.store.save_progress(&key(), &progress(4, false)).await.expect("saved");
    let page: Page<ExecutionRecord> = house.get("/api/v1/namespaces/team-a/executions?limit=1", "alice").await.json();
    let first = page.items[0].name.clone();
    let next = format!("/api/v1/namespaces/team-a/executions?limit=1&before={}", page.next.expect("more"));
    let page: Page<ExecutionRecord> = house.get(&next, "alice").await.json();
    // Which one is newer is a matter of the clock, and that may be set back.
    let mut names = [first, page.items[0].name.clone()];
    names.sort();
    assert_eq!((names, page.next), (["smoke-1".to_owned(), "smoke-2".to_owned()], None));
    let path = "/api/v1/namespaces/team-a/executions?workflow=other";
    assert!(house.get(path, "alice").await.json::<Page<ExecutionRecord>>().items.is_empty());
    for path in [EXECUTION.to_owned(), EXECUTION.replace("smoke-1", UID)] {
        let record: ExecutionRecord = house.get(&path, "alice").await.json();
        assert_eq!((record.uid.as_str(), record.progress.map(|progress| progress.sequence)), (UID, Some(4)));
    }
    house.get(&EXECUTION.replace("smoke-1", "smoke-9"), "alice").await.problem(404);
}

#[tokio::test]
async fn rights_are_those_of_the_cluster() {
    let house = house().await;
    let list = "/api/v1/namespaces/team-a/executions";
    let abroad = EXECUTION.replace("team-a", "team-b");
    let absent = EXECUTION.replace("smoke-1", "smoke-9");
    for (path, token, status) in [
        (list, "", 401),
        (list, "mallory", 401),
        (list, "runner", 401),
        (list, "carol", 403),
        (list, "bob", 200),
        (EXECUTION, "carol", 200),
        (EXECUTION, "bob", 200),
        (&abroad, "alice", 403),
        (&absent, "carol", 403),
        (&format!("{EXECUTION}/logs"), "bob", 403),
        (&format!("{EXECUTION}/logs"), "carol", 200),
        (&format!("{EXECUTION}/artifacts"), "bob", 403),
        (&format!("{EXECUTION}/artifacts/x"), "bob", 403),
        (&format!("{EXECUTION}/report"), "bob", 403),
        (&format!("{EXECUTION}/report"), "alice", 404),
        ("/nowhere", "alice", 404),
    ] {
        let answer = house.get(path, token).await;
        assert_eq!(answer.status, status, "{path} for {token}");
        if status >= 400 {
            answer.problem(status);
        }
    }
    let forbidden = [EXECUTION, &absent].map(|path| path.replace("team-a", "team-b"));
    let bodies = [house.get(&forbidden[0], "alice").await.body, house.get(&forbidden[1], "alice").await.body];
    assert_eq!(bodies[0], bodies[1], "what exists and what does not look the same to a stranger");
}

#[tokio::test]
async fn answers_about_rights_are_kept_for_a_while_and_the_proxy_header_counts() {
    let house = house().await;
    for _ in 0..5 {
        let request = Request::builder().uri(EXECUTION).header("x-assay-authorization", "bearer alice");
        let request = request.header("authorization", "Basic something-else").body(Body::empty());
        assert_eq!(house.send(request.expect("a request")).await.status, 200);
    }
    assert_eq!(house.identities.asked.load(Ordering::SeqCst), 2, "once who, once whether");
}

#[tokio::test]
async fn a_report_is_read_back() {
    let house = house().await;
    house.store.save_report(&key(), &TestReport::default()).await.expect("saved");
    let answer = house.get(&format!("{EXECUTION}/report"), "alice").await;
    assert_eq!(answer.json::<TestReport>(), TestReport::default());
    assert!(answer.header("content-security-policy").starts_with("sandbox"));
    let post = request(Method::POST, &format!("{EXECUTION}/report"), "alice").body(Body::empty()).expect("a request");
    house.send(post).await.problem(405);
}
