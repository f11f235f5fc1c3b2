//! Artifacts through the routes: names, headers, refusals.

use assay_protocol::rest::ArtifactRecord;
use axum::body::Body;
use http::Method;

use super::{EXECUTION, House, house, request};

async fn put(house: &House, encoded: &str, body: &'static [u8]) {
    let answer = house.put(&format!("/ingest/v1/artifacts?name={encoded}&step=test"), "runner", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn hostile_names_and_types_are_kept_at_bay() {
    let house = house().await;
    let html = b"<script>alert(1)</script>";
    put(&house, "..%2F..%2Fx.html", html).await;
    put(&house, "a%2Fb%0A%22%3E%3Cimg", html).await;
    put(&house, "shot.png", b"\x89PNG\r\n\x1a\n").await;
    put(&house, "x.svg", b"<svg/>").await;
    put(&house, "junit.xml", b"<testsuites/>").await;
    for (path, media, disposition) in [
        ("..%2F..%2Fx.html", "text/html; charset=utf-8", "attachment; filename=\"x.html\""),
        // Without an ending it is shown as the text that it is, which no browser obeys.
        ("a%2Fb%0A%22%3E%3Cimg", "text/plain; charset=utf-8", "inline; filename=\"b____img\""),
        ("a/b%0A%22%3E%3Cimg", "text/plain; charset=utf-8", "inline; filename=\"b____img\""),
        ("shot.png", "image/png", "inline; filename=\"shot.png\""),
        ("x.svg", "image/svg+xml", "attachment; filename=\"x.svg\""),
        ("junit.xml", "application/xml", "attachment; filename=\"junit.xml\""),
    ] {
        let answer = house.get(&format!("{EXECUTION}/artifacts/{path}"), "alice").await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!((answer.header("content-type"), answer.header("content-disposition")), (media, disposition));
        assert_eq!(answer.header("content-length"), answer.body.len().to_string());
        guarded(&answer);
    }
    let listed = house.get(&format!("{EXECUTION}/artifacts"), "alice").await;
    guarded(&listed);
    assert_eq!(listed.json::<Vec<ArtifactRecord>>().len(), 5);
}

fn guarded(answer: &super::Answer) {
    let policy = "sandbox; default-src 'none'; img-src 'self'; style-src 'self'";
    assert_eq!(answer.header("content-security-policy"), policy);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
}

#[tokio::test]
async fn errors_are_guarded_too() {
    let house = house().await;
    for (path, token, status) in [
        ("/artifacts/absent", "alice", 404),
        ("/artifacts/absent", "bob", 403),
        ("/artifacts/%ff", "alice", 400),
        ("/artifacts", "", 401),
    ] {
        let answer = house.get(&format!("{EXECUTION}{path}"), token).await;
        answer.problem(status);
        guarded(&answer);
    }
    let post =
        request(Method::POST, &format!("{EXECUTION}/artifacts"), "alice").body(Body::empty()).expect("a request");
    let answer = house.send(post).await;
    answer.problem(405);
    guarded(&answer);
}

#[tokio::test]
async fn a_known_artifact_is_not_sent_again() {
    let house = house().await;
    put(&house, "big.log", b"text\n").await;
    let path = format!("{EXECUTION}/artifacts/big.log");
    let first = house.get(&path, "alice").await;
    let again = request(Method::GET, &path, "alice").header("if-none-match", first.header("etag"));
    let again = house.send(again.body(Body::empty()).expect("a request")).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    guarded(&again);
}
