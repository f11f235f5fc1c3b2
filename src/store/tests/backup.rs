//! Copies that are made while everything is written.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use futures::{TryStreamExt, stream};
use sha2::{Digest, Sha256};

use super::{House, UID, begin, frame, key, progress, store};
use crate::upload::hex;
use crate::{BackupError, OpenError, ReadOptions, Store};

/// Writes frames, replaces artifacts and saves progress until told to stop;
/// `acknowledged` counts frames.
async fn write(store: Store, stop: Arc<AtomicBool>, acknowledged: Arc<AtomicU64>) {
    let (mut offset, mut number) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let piece = frame(0, number, &[b'x'; 5000]);
        offset = store.logs().append(&key(1), 0, offset, piece.into()).await.expect("appended");
        number += 1;
        acknowledged.store(number, Ordering::SeqCst);
        let bytes = stream::iter([Ok(Bytes::from(format!("artifact {number}").repeat(100)))]);
        store.artifacts().put(&key(1), &format!("{}", number % 7), "test", bytes).await.expect("kept");
        store.save_progress(&key(1), &progress(number, false)).await.expect("saved");
        tokio::task::yield_now().await;
    }
}

/// What a copy holds is whole; gives its frames.
async fn check(store: &Store) -> u64 {
    let record = store.execution_by_uid(UID).await.expect("asked").expect("found");
    let said = record.progress.expect("spoke").sequence;
    let artifacts = store.artifacts().list(UID).await.expect("listed");
    assert!(!artifacts.is_empty());
    for artifact in artifacts {
        let found = store.artifacts().open(UID, &artifact.name).await.expect("asked");
        let (record, bytes) = found.unwrap_or_else(|| panic!("artifact {} of the records is there", artifact.name));
        let bytes = bytes.try_collect::<Vec<_>>().await.expect("read").concat();
        assert_eq!(record.sha256, hex(&Sha256::digest(&bytes)));
    }
    let mut reader = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
    let mut next = 0;
    while let Some(batch) = reader.next_batch().await.expect("read") {
        for piece in batch {
            assert_eq!(piece.header.time_ns, next, "no frame is lost or doubled");
            next += 1;
        }
    }
    assert!(next >= said, "{next} frames after progress {said}");
    next
}

pub(super) async fn a_copy_made_under_load_is_whole(house: House) {
    let store = &house.store;
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writer = tokio::spawn(write(store.clone(), Arc::clone(&stop), Arc::clone(&acknowledged)));
    let target = tempfile::tempdir().expect("a folder");
    for round in 1..=3_u64 {
        while acknowledged.load(Ordering::SeqCst) < round * 10 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let before = acknowledged.load(Ordering::SeqCst);
        let place = target.path().join(round.to_string());
        let backup = store.backup(&place).await.expect("copied");
        assert!(backup.files >= 8 && backup.bytes > 5000 * before, "{backup:?} after {before} frames");
        let copy = Store::open(&place).await.expect("opened");
        assert!(check(&copy).await >= before);
        scribble(&copy).await;
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.expect("no panic");
    assert_eq!(check(store).await, acknowledged.load(Ordering::SeqCst), "the copies are not the original");
    let copy = Store::open(&target.path().join("1")).await;
    assert!(copy.is_ok(), "{copy:?}");
}

/// Changes a copy in every way.
async fn scribble(copy: &Store) {
    let held = copy.logs().lengths(&key(1)).await.expect("measured")[&0];
    copy.logs().append(&key(1), 0, held, frame(0, u64::MAX, b"other\n").into()).await.expect("appended");
    for name in ["0", "1", "2", "3", "4", "5", "6"] {
        let bytes = stream::iter([Ok(Bytes::from_static(b"other"))]);
        copy.artifacts().put(&key(1), name, "test", bytes).await.expect("kept");
    }
}

#[tokio::test]
async fn a_copy_needs_a_folder_of_its_own_and_leaves_none_half_done() {
    let (dir, store) = store().await;
    let error = store.backup(dir.path()).await.expect_err("it is the store's own");
    assert!(matches!(&error, BackupError::Occupied(place) if place == dir.path()), "{error:?}");
    let target = tempfile::tempdir().expect("a folder");
    let place = target.path().join("copy");
    store.close().await;
    store.backup(&place).await.expect_err("the database is closed");
    assert!(!place.exists());
    unfinished(&place).await;
}

async fn unfinished(place: &Path) {
    std::fs::create_dir(place).expect("made");
    std::fs::write(place.join(crate::database::UNFINISHED), b"").expect("written");
    let error = Store::open(place).await.expect_err("nobody finished it");
    assert!(matches!(&error, OpenError::Damaged(why) if why.contains("never finished")), "{error:?}");
}

#[tokio::test]
async fn a_removal_waits_for_the_copy() {
    let (_dir, store) = store().await;
    store.begin(&begin("smoke-2", "uid-2", 1)).await.expect("begun");
    let suspended = store.inner.removals.suspended().await;
    let forgetting = tokio::spawn({
        let store = store.clone();
        async move { store.forget("uid-2").await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert!(store.execution_by_uid("uid-2").await.expect("asked").is_some());
    drop(suspended);
    assert!(forgetting.await.expect("no panic").expect("forgotten"));
}
