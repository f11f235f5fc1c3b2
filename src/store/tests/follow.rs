//! Following a log while it is written.

use std::time::Duration;

use tokio::time::timeout;

use super::{House, SOON, UID, begin, frame, key, progress};
use crate::{LogReader, ReadOptions, Store};

/// Waits that are dropped.
const SHORT: Duration = Duration::from_micros(300);
const LONG: Duration = Duration::from_millis(100);

fn following() -> ReadOptions {
    ReadOptions { follow: true, ..ReadOptions::default() }
}

async fn next(reader: &mut LogReader) -> Option<String> {
    let batch = timeout(SOON, reader.next_batch()).await.expect("in time").expect("read")?;
    Some(batch.iter().map(|piece| String::from_utf8_lossy(&piece.payload).into_owned()).collect())
}

async fn print(store: &Store, attempt: u32, offset: u64, time: u64, text: &str) -> u64 {
    let bytes = frame(1, time, text.as_bytes());
    store.logs().append(&key(attempt), 0, offset, bytes.into()).await.expect("appended")
}

pub(super) async fn a_follower_gets_everything_until_the_outcome(house: House) {
    let store = &house.store;
    let mut reader = store.logs().read(UID, following()).await.expect("opened before anything was said");
    assert!(timeout(Duration::from_millis(50), reader.next_batch()).await.is_err(), "it waits");
    let end = print(store, 1, 0, 1, "one\n").await;
    assert_eq!(next(&mut reader).await.as_deref(), Some("one\n"));
    assert_eq!(reader.step_id(1), "step-1");
    store.save_progress(&key(1), &progress(1, false)).await.expect("saved");
    print(store, 1, end, 2, "two\n").await;
    assert_eq!(next(&mut reader).await.as_deref(), Some("two\n"));
    assert_eq!(reader.step_id(1), "test");
    store.logs().append(&key(1), 999, 0, frame(0, 3, b"a new group\n").into()).await.expect("appended");
    store.save_progress(&key(1), &progress(2, true)).await.expect("saved");
    assert_eq!(next(&mut reader).await.as_deref(), Some("a new group\n"));
    assert_eq!(next(&mut reader).await, None);
}

pub(super) async fn a_follower_goes_on_with_the_next_attempt(house: House) {
    let store = &house.store;
    print(store, 1, 0, 1, "first\n").await;
    let mut reader = store.logs().read(UID, following()).await.expect("opened");
    assert_eq!(next(&mut reader).await.as_deref(), Some("first\n"));
    store.begin(&begin("smoke-1", UID, 2)).await.expect("begun");
    let wait = tokio::spawn(async move { (next(&mut reader).await, reader) });
    tokio::time::sleep(Duration::from_millis(50)).await;
    print(store, 2, 0, 2, "second\n").await;
    store.save_progress(&key(2), &progress(1, true)).await.expect("saved");
    let (text, mut reader) = wait.await.expect("no panic");
    assert_eq!(text.as_deref(), Some("second\n"));
    assert_eq!(next(&mut reader).await, None);
}

pub(super) async fn a_conclusion_ends_a_run_that_never_spoke(house: House) {
    let store = &house.store;
    let mut reader = store.logs().read(UID, following()).await.expect("opened");
    let conclusion = assay_protocol::rest::Conclusion {
        verdict: assay_api::Verdict::Errored,
        reason: assay_api::Reason::PodLost,
        message: "the node is gone".into(),
        finished_at: jiff::Timestamp::now(),
    };
    store.conclude(UID, &conclusion).await.expect("concluded");
    assert_eq!(next(&mut reader).await, None);
    let mut unknown = store.logs().read("unknown", following()).await.expect("opened");
    assert_eq!(next(&mut unknown).await, None);
}

/// Not on PostgreSQL: no query of a server ends within the time that is waited here.
#[tokio::test]
async fn nothing_is_lost_or_doubled_when_waits_are_dropped() {
    let (_dir, store) = super::store().await;
    let writer = store.clone();
    let written = tokio::spawn(async move {
        let mut offset = 0;
        for number in 0..500 {
            offset = print(&writer, 1, offset, number, &format!("{number}\n")).await;
            tokio::task::yield_now().await;
        }
        writer.save_progress(&key(1), &progress(1, true)).await.expect("saved");
    });
    let mut reader = store.logs().read(UID, following()).await.expect("opened");
    let mut text = String::new();
    let mut patience = SHORT;
    loop {
        let tried = timeout(patience, reader.next_batch()).await;
        // A machine may be too slow to get anywhere in the shortest time.
        patience = if tried.is_ok() { SHORT } else { LONG.min(patience * 2) };
        match tried {
            Err(_) => {}
            Ok(batch) => match batch.expect("read") {
                Some(batch) => batch.iter().for_each(|piece| text.push_str(&String::from_utf8_lossy(&piece.payload))),
                None => break,
            },
        }
    }
    written.await.expect("no panic");
    let expected: String = (0..500).map(|number| format!("{number}\n")).collect();
    assert_eq!(text, expected);
}
