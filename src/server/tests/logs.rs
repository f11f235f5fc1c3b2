//! Logs as text and as events.

use std::time::Duration;

use assay_api::{Reason, Verdict};
use assay_protocol::frame::{Header, Stream, encode};
use assay_protocol::rest::{Conclusion, LogEvent};
use axum::body::Body;
use http::{Method, Response};
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::{EXECUTION, House, UID, frame, house, key, progress, request};

struct Sent {
    id: String,
    event: LogEvent,
}

/// Reads whole events; the second is whether the log has ended.
fn events(text: &str) -> (Vec<Sent>, bool) {
    let mut sent = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        if block.starts_with("event: end") {
            return (sent, true);
        }
        let (id, data) = block.split_once('\n').expect("an id and data");
        let id = id.strip_prefix("id: ").expect("an id").to_owned();
        let event = serde_json::from_str(data.strip_prefix("data: ").expect("data")).expect("an event");
        sent.push(Sent { id, event });
    }
    (sent, false)
}

async fn append(house: &House, group: u16, bytes: Vec<u8>) {
    let lengths = house.store.logs().lengths(&key()).await.expect("measured");
    let offset = lengths.get(&group).copied().unwrap_or(0);
    house.store.logs().append(&key(), group, offset, bytes.into()).await.expect("appended");
}

async fn open(house: &House, query: &str, last: Option<&str>) -> Response<Body> {
    let path = format!("{EXECUTION}/logs{query}");
    let mut request = request(Method::GET, &path, "alice").header("accept", "text/event-stream");
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    house.router.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer")
}

/// The next chunk that says something: a comment only shows that the server lives.
async fn chunk(body: &mut Body) -> Option<String> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(60), body.frame()).await.expect("in time")?;
        let text = String::from_utf8(frame.ok()?.into_data().ok()?.to_vec()).expect("text");
        if !text.starts_with(':') {
            return Some(text);
        }
    }
}

#[tokio::test]
async fn text_is_merged_filtered_and_stamped() {
    let house = house().await;
    assert_eq!(house.get(&format!("{EXECUTION}/logs"), "alice").await.text(), "", "nothing was said yet");
    append(&house, 0, [frame(0, 1, b"built\n"), frame(1, 3, b"tes")].concat()).await;
    append(&house, 1, frame(0, 4, b"beside\n")).await;
    append(&house, 0, frame(1, 5, b"ted\n")).await;
    house.store.save_progress(&key(), &progress(1, false)).await.expect("saved");
    let logs = format!("{EXECUTION}/logs");
    let answer = house.get(&logs, "alice").await;
    assert_eq!(answer.text(), "built\nbeside\ntested\n");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let stamped = house.get(&format!("{logs}?step=test&timestamps=true"), "alice").await.text();
    assert_eq!(stamped, "1970-01-01T00:00:03.000000Z tested\n");
    assert_eq!(house.get(&format!("{logs}?step=Build%20it"), "alice").await.text(), "built\nbeside\n");
    let problem = house.get(&format!("{logs}?step=nonsense"), "alice").await.problem(404);
    assert!(problem.detail.contains("build, test"), "{}", problem.detail);
}

#[tokio::test]
async fn events_resume_behind_any_id() {
    let house = house().await;
    for number in 0..50u64 {
        append(&house, (number % 2) as u16, frame(1, number, format!("line {number}\n").as_bytes())).await;
    }
    house.store.save_progress(&key(), &progress(1, true)).await.expect("saved");
    let whole = open(&house, "?follow=true", None).await.into_body().collect().await.expect("it ends").to_bytes();
    let (sent, ended) = events(std::str::from_utf8(&whole).expect("text"));
    assert!(ended);
    let texts: Vec<_> = sent.iter().map(|sent| sent.event.text.clone()).collect();
    assert_eq!(texts, (0..50).map(|number| format!("line {number}\n")).collect::<Vec<_>>());
    assert_eq!((sent[0].event.step.as_str(), sent[0].event.stream.as_str()), ("test", "stdout"));
    for seen in [0, 1, 24, 49] {
        let rest =
            open(&house, "", Some(&sent[seen].id)).await.into_body().collect().await.expect("it ends").to_bytes();
        let (rest, ended) = events(std::str::from_utf8(&rest).expect("text"));
        assert!(ended);
        let rest: Vec<_> = rest.into_iter().map(|sent| sent.event.text).collect();
        assert_eq!(rest, texts[seen + 1..], "behind {}", sent[seen].id);
    }
    assert_eq!(open(&house, "", Some("nonsense")).await.status(), 400);
}

#[tokio::test]
async fn a_followed_log_comes_as_it_is_printed() {
    let house = house().await;
    let answer = open(&house, "?follow=true", None).await;
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut body = answer.into_body();
    house.store.save_progress(&key(), &progress(1, false)).await.expect("saved");
    append(&house, 0, frame(0, 1, b"one\n")).await;
    let (sent, _) = events(&chunk(&mut body).await.expect("a chunk"));
    assert_eq!((sent[0].event.text.as_str(), sent[0].event.step.as_str()), ("one\n", "build"));
    // Half a character waits for its other half; odd bytes are replaced.
    append(&house, 0, frame(0, 2, &"a€".as_bytes()[..3])).await;
    assert_eq!(events(&chunk(&mut body).await.expect("a chunk")).0[0].event.text, "a");
    append(&house, 0, frame(0, 3, &[0xac, b'b', 0xff])).await;
    assert_eq!(events(&chunk(&mut body).await.expect("a chunk")).0[0].event.text, "€b\u{fffd}");
    let mut gap = Vec::new();
    let header = Header { stream: Stream::Gap, step: 0, attempt: 1, time_ns: 4_000_000_000, offset: 0 };
    encode(header, b"12 bytes were not kept", &mut gap);
    append(&house, 0, gap).await;
    assert_eq!(events(&chunk(&mut body).await.expect("a chunk")).0[0].event.stream, "gap");
    house.store.save_progress(&key(), &progress(2, true)).await.expect("saved");
    assert!(events(&chunk(&mut body).await.expect("a chunk")).1);
    assert_eq!(chunk(&mut body).await, None);
}

#[tokio::test]
async fn a_follower_of_a_step_waits_until_steps_are_known() {
    let house = house().await;
    let store = house.store.clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        store.save_progress(&key(), &progress(1, true)).await.expect("saved");
    });
    append(&house, 0, [frame(0, 1, b"built\n"), frame(1, 2, b"tested\n")].concat()).await;
    let answer = house.get(&format!("{EXECUTION}/logs?follow=true&step=test"), "alice").await;
    assert_eq!(answer.text(), "tested\n");
    later.await.expect("no panic");
    let early = super::house().await;
    early.get(&format!("{EXECUTION}/logs?step=test"), "alice").await.problem(404);
}

#[tokio::test]
async fn a_follower_of_a_step_hears_that_none_will_come() {
    let house = house().await;
    let store = house.store.clone();
    let later = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let conclusion = Conclusion {
            verdict: Verdict::Errored,
            reason: Reason::Unschedulable,
            message: "no node took it".into(),
            finished_at: jiff::Timestamp::UNIX_EPOCH,
        };
        store.conclude(UID, &conclusion).await.expect("concluded");
    });
    let path = format!("{EXECUTION}/logs?follow=true&step=test");
    // Far less than it would wait for the runner.
    let answer = tokio::time::timeout(Duration::from_secs(30), house.get(&path, "alice")).await;
    answer.expect("it does not wait for a runner that is gone").problem(404);
    later.await.expect("no panic");
}

#[tokio::test]
async fn a_process_that_ends_breaks_followers_off_without_an_end() {
    let house = house().await;
    let mut events = open(&house, "?follow=true", None).await.into_body();
    append(&house, 0, frame(0, 1, b"one\n")).await;
    assert!(chunk(&mut events).await.is_some());
    house.closing.send_replace(true);
    assert_eq!(chunk(&mut events).await, None);
    let text = request(Method::GET, &format!("{EXECUTION}/logs?follow=true"), "alice").body(Body::empty());
    let text = house.router.clone().oneshot(text.expect("a request")).await.expect("an answer");
    assert!(text.into_body().collect().await.is_err(), "text shows that it is not whole");
}
