//! A process that is killed with SIGKILL in the middle of everything.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use futures::{TryStreamExt, stream};

use super::{SOON, UID, begin, frame, key, opened, progress};
use crate::{ReadOptions, StoreConfig};

const FOLDER: &str = "ASSAY_TEST_CRASH_FOLDER";

/// The victim: not a test of its own, but what the test below starts and kills.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by another test"]
async fn victim() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let store = opened(StoreConfig::folder(folder.as_ref())).await;
    store.begin(&begin("smoke-1", UID, 1)).await.expect("begun");
    let acknowledged = store.logs().lengths(&key(1)).await.expect("measured").get(&0).copied().unwrap_or(0);
    let one = frame(0, 1, &[b'x'; 5000]).len() as u64;
    let (mut offset, mut number) = (acknowledged, acknowledged / one);
    loop {
        let piece = frame(0, number, &[b'x'; 5000]);
        offset = store.logs().append(&key(1), 0, offset, piece.into()).await.expect("appended");
        number += 1;
        let bytes = stream::iter([Ok(Bytes::from(format!("artifact {number}")))]);
        store.artifacts().put(&key(1), &format!("{}", number % 7), "test", bytes).await.expect("kept");
        store.save_progress(&key(1), &progress(number, false)).await.expect("saved");
        println!("\nsaid {number} {offset}");
        std::io::stdout().flush().expect("printed");
    }
}

/// Runs the victim for a while from its first word on; what it last said was done.
fn kill_after(folder: &std::path::Path, time: Duration) -> Option<(u64, u64)> {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["tests::crash::victim", "--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started");
    let out = BufReader::new(child.stdout.take().expect("piped"));
    let (tell, told) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        let all = out.lines().map_while(Result::ok).filter_map(|line| said(&line));
        all.for_each(|word| tell.send(word).expect("it is waited for"));
    });
    // It has to be started first, and to make its database.
    let first = told.recv_timeout(SOON);
    std::thread::sleep(time);
    child.kill().expect("killed");
    child.wait().expect("gone");
    reader.join().expect("no panic");
    told.try_iter().last().or(first.ok())
}

fn said(line: &str) -> Option<(u64, u64)> {
    let (number, offset) = line.strip_prefix("said ")?.split_once(' ')?;
    Some((number.parse().ok()?, offset.parse().ok()?))
}

#[tokio::test]
async fn what_was_acknowledged_survives_sigkill() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut last = None;
    for round in 0..6 {
        last = kill_after(dir.path(), Duration::from_millis(37 * round)).or(last);
        let store = opened(StoreConfig::folder(dir.path())).await;
        let Some((number, offset)) = last else { continue };
        let held = store.logs().lengths(&key(1)).await.expect("measured")[&0];
        assert!(held >= offset, "{held} of {offset} bytes");
        let record = store.execution_by_uid(UID).await.expect("asked").expect("found");
        assert!(record.progress.expect("spoke").sequence >= number);
        for artifact in store.artifacts().list(UID).await.expect("listed") {
            let (record, bytes) = store.artifacts().open(UID, &artifact.name).await.expect("asked").expect("there");
            let bytes: Vec<Bytes> = bytes.try_collect().await.expect("read");
            assert_eq!(bytes.concat().len() as u64, record.size);
        }
        let mut reader = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
        let mut next = 0;
        while let Some(batch) = reader.next_batch().await.expect("read") {
            for piece in batch {
                assert_eq!(piece.header.time_ns, next, "no frame is lost or doubled");
                next += 1;
            }
        }
        assert!(next >= number);
    }
    assert!(last.is_some(), "the victim got to say something");
}
