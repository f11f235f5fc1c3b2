//! Logs that were archived read like before, whoever reads them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::{SOON, UID, begin, frame, key, opened, progress, store};
use crate::chores::Chores;
use crate::{AppendError, Position, ReadOptions, Store, StoreConfig};

const LINES: u64 = 20_000;

/// Writes lines to two groups; gives where the streams end.
async fn print(store: &Store) -> [u64; 2] {
    let mut streams = [(0_u16, Vec::new()), (999, Vec::new())];
    for number in 0..LINES {
        let (group, bytes) = &mut streams[usize::from(number % 3 == 0)];
        bytes.extend(frame(*group, number, format!("line {number} of a log that says much the same\n").as_bytes()));
    }
    let mut ends = [0; 2];
    for (end, (group, bytes)) in ends.iter_mut().zip(streams) {
        *end = store.logs().append(&key(1), group, 0, bytes.into()).await.expect("appended");
    }
    store.save_progress(&key(1), &progress(1, true)).await.expect("saved");
    ends
}

async fn read(store: &Store, from: Option<Position>) -> Vec<(u64, Position)> {
    let mut reader = store.logs().read(UID, ReadOptions { from, ..ReadOptions::default() }).await.expect("opened");
    let mut position = reader.start();
    let mut read = Vec::new();
    while let Some(batch) = reader.next_batch().await.expect("read") {
        for piece in batch {
            piece.pass(&mut position);
            read.push((piece.header.time_ns, position.clone()));
        }
    }
    read
}

fn folder(dir: &Path) -> PathBuf {
    dir.join(format!("logs/{UID}/1-pod-1"))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder(dir)).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a name")).collect();
    names.sort();
    names
}

async fn conclude(store: &Store, at: Timestamp) {
    let conclusion = assay_protocol::rest::Conclusion {
        verdict: assay_api::Verdict::Passed,
        reason: assay_api::Reason::Passed,
        message: String::new(),
        finished_at: at,
    };
    store.conclude(UID, &conclusion).await.expect("concluded");
}

#[tokio::test]
async fn an_archived_log_reads_like_before_from_anywhere() {
    let (dir, store) = store().await;
    let ends = print(&store).await;
    let before = read(&store, None).await;
    let tail = store.logs().tail(UID, 2048).await.expect("read");
    let bytes = store.usage().await.expect("measured").log_bytes;
    let mut open = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
    let first = open.next_batch().await.expect("read").expect("something").len();
    assert_eq!(store.logs().archive(UID).await.expect("archived"), 2);
    assert_eq!(names(dir.path()), ["0.packed", "999.packed"]);
    assert_eq!(store.logs().archive(UID).await.expect("a repeat"), 0);
    let packed = store.usage().await.expect("measured").log_bytes;
    assert!(packed * 5 < bytes, "{packed} of {bytes} bytes");
    let mut rest = first;
    while let Some(batch) = open.next_batch().await.expect("read") {
        rest += batch.len();
    }
    assert_eq!(rest as u64, LINES, "who was reading goes on");
    assert!(read(&store, None).await == before);
    for at in [0, 1, 777, 12_345, LINES as usize - 2] {
        assert!(read(&store, Some(before[at].1.clone())).await == before[at + 1..], "from line {at}");
    }
    assert_eq!(store.logs().tail(UID, 2048).await.expect("read"), tail);
    drop(store);
    let store = opened(StoreConfig::folder(dir.path())).await;
    assert_eq!(store.logs().tail(UID, 2048).await.expect("read"), tail);
    let lengths = store.logs().lengths(&key(1)).await.expect("measured");
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [(0, ends[0]), (999, ends[1])]);
}

#[tokio::test]
async fn a_late_piece_makes_it_a_file_again() {
    let (dir, store) = store().await;
    let [end, _] = print(&store).await;
    store.logs().archive(UID).await.expect("archived");
    let follow = ReadOptions { follow: true, ..ReadOptions::default() };
    let mut follower = store.logs().read(UID, follow).await.expect("opened");
    let last = frame(0, LINES - 1, format!("line {} of a log that says much the same\n", LINES - 1).as_bytes());
    let repeat = store.logs().append(&key(1), 0, end - last.len() as u64, last.into()).await;
    assert_eq!(repeat.expect("it is held"), end);
    assert_eq!(names(dir.path()), ["0.packed", "999.packed"]);
    let gap = store.logs().append(&key(1), 0, end + 1, frame(0, LINES, b"x").into()).await;
    assert!(matches!(gap, Err(AppendError::Gap { acknowledged }) if acknowledged == end));
    let late = frame(0, LINES, b"late\n");
    let longer = store.logs().append(&key(1), 0, end, late.clone().into()).await.expect("appended");
    assert_eq!(longer, end + late.len() as u64);
    let mut lines = 0;
    while let Some(batch) = tokio::time::timeout(SOON, follower.next_batch()).await.expect("in time").expect("read") {
        lines += batch.len() as u64;
    }
    assert_eq!(lines, LINES + 1);
    assert_eq!(store.logs().archive(UID).await.expect("archived"), 1);
    assert_eq!(read(&store, None).await.len() as u64, LINES + 1);
    assert_eq!(names(dir.path()), ["0.packed", "999.packed"]);
}

#[tokio::test]
async fn a_follower_goes_on_through_archive_and_late_piece() {
    let (_dir, store) = store().await;
    let one = frame(0, 1, b"one\n");
    let end = store.logs().append(&key(1), 0, 0, one.into()).await.expect("appended");
    let follow = ReadOptions { follow: true, ..ReadOptions::default() };
    let mut follower = store.logs().read(UID, follow).await.expect("opened");
    let mut next = async || {
        let batch = tokio::time::timeout(SOON, follower.next_batch()).await.expect("in time");
        batch.expect("read").map(|batch| batch.into_iter().map(|piece| piece.header.time_ns).collect::<Vec<_>>())
    };
    assert_eq!(next().await, Some(vec![1]));
    assert_eq!(store.logs().archive(UID).await.expect("archived"), 1);
    let end = store.logs().append(&key(1), 0, end, frame(0, 2, b"two\n").into()).await.expect("appended");
    assert_eq!(next().await, Some(vec![2]));
    store.logs().append(&key(1), 0, end, frame(0, 3, b"three\n").into()).await.expect("appended");
    assert_eq!(next().await, Some(vec![3]));
    store.save_progress(&key(1), &progress(1, true)).await.expect("saved");
    assert_eq!(next().await, None);
}

#[tokio::test]
async fn logs_are_archived_some_time_after_the_end() {
    let (dir, store) = store().await;
    print(&store).await;
    store.begin(&begin("smoke-2", "uid-2", 1)).await.expect("begun");
    let chores = Chores::of(&store.inner);
    let now = Timestamp::now();
    assert_eq!(chores.archive(Timestamp::MAX).await.expect("asked"), 0, "nothing is concluded");
    conclude(&store, now).await;
    assert_eq!(chores.archive(now).await.expect("asked"), 0, "it is too early");
    let place = tempfile::tempdir().expect("a folder");
    store.backup(&place.path().join("before")).await.expect("copied");
    assert_eq!(chores.archive(now + Duration::from_secs(1)).await.expect("archived"), 2);
    store.backup(&place.path().join("after")).await.expect("copied");
    let kinds = ["before", "after"].map(|name| names(&place.path().join(name)).concat());
    assert_eq!(kinds, ["0.frames999.frames", "0.packed999.packed"]);
    for name in ["before", "after"] {
        let copy = Store::open(&place.path().join(name)).await.expect("opened");
        assert_eq!(read(&copy, None).await.len() as u64, LINES, "{name}");
    }
    assert!(!folder(dir.path()).join("0.unfinished").exists());
}

#[tokio::test]
async fn no_log_is_passed_over_for_good() {
    let (dir, store) = store().await;
    let [end, _] = print(&store).await;
    let chores = Chores::of(&store.inner);
    let now = Timestamp::now();
    assert_eq!(chores.archive(now).await.expect("asked"), 0);
    // It ended long before this was written.
    conclude(&store, now - Duration::from_secs(3600)).await;
    let obstacle = folder(dir.path()).join("0.unfinished");
    std::fs::create_dir(&obstacle).expect("made");
    chores.archive(now).await.expect("asked");
    assert!(folder(dir.path()).join("0.frames").exists(), "it failed");
    std::fs::remove_dir(&obstacle).expect("removed");
    chores.archive(now).await.expect("archived");
    assert_eq!(names(dir.path()), ["0.packed", "999.packed"]);
    store.logs().append(&key(1), 0, end, frame(0, LINES, b"late\n").into()).await.expect("appended");
    assert_eq!(chores.archive(now).await.expect("archived"), 1);
    assert_eq!(chores.archive(now).await.expect("asked"), 0, "there is nothing left to do");
}

#[tokio::test]
async fn a_damaged_archive_is_an_error_and_nothing_worse() {
    let (dir, store) = store().await;
    print(&store).await;
    store.logs().archive(UID).await.expect("archived");
    let path = folder(dir.path()).join("0.packed");
    let whole = std::fs::read(&path).expect("read");
    let mut harmless = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60).chain(whole.len() - 40..whole.len()) {
        for flipped in [true, false] {
            let mut bytes = whole.clone();
            if flipped {
                bytes[at] ^= 0x5a
            } else {
                bytes.truncate(at)
            }
            std::fs::write(&path, bytes).expect("written");
            let reader = store.logs().read(UID, ReadOptions::default()).await;
            let Ok(mut reader) = reader else { continue };
            loop {
                match reader.next_batch().await {
                    Ok(Some(_)) => {}
                    Ok(None) => break harmless += 1,
                    Err(_) => break,
                }
            }
            let _ = store.logs().tail(UID, 2048).await;
        }
    }
    assert!(harmless < 20, "damage shows: {harmless}");
    std::fs::write(&path, whole).expect("written");
    assert_eq!(read(&store, None).await.len() as u64, LINES);
}
