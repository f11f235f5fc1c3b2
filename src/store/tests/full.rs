//! Disks that are full, read-only, or not the one that was there.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::stream;

use super::{SOON, UID, begin, frame, key, opened, progress};
use crate::{
    AppendError, ArtifactError, Disposition, FullError, HealthError, OpenError, ReadOptions, Store, StoreConfig,
};

const MIB: usize = 1024 * 1024;

/// A small disk of its own. Needs the right to mount one.
struct Disk {
    dir: tempfile::TempDir,
}

impl Disk {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        mount(&["-t", "tmpfs", "-o", "size=16m", "tmpfs"], dir.path());
        Self { dir }
    }

    async fn store(&self, reserve: Option<u64>) -> Store {
        let config = StoreConfig { reserve, ..StoreConfig::folder(self.dir.path()) };
        let store = opened(config).await;
        store.begin(&begin("smoke-1", UID, 1)).await.expect("begun");
        store
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Twice, for it may be covered. A store may still close its files; what is
        // left of the mount goes with them.
        for _ in 0..2 {
            let _ = Command::new("umount").args(["--lazy", "--quiet"]).arg(self.dir.path()).status();
        }
    }
}

fn mount(arguments: &[&str], at: &Path) {
    let status = try_mount(arguments, at);
    assert!(status.as_ref().is_ok_and(|status| status.success()), "this test mounts a small disk, as root: {status:?}");
}

fn try_mount(arguments: &[&str], at: &Path) -> std::io::Result<ExitStatus> {
    Command::new("mount").args(arguments).arg(at).status()
}

/// Appends until it is refused; gives what was acknowledged, and the refusal.
async fn fill(store: &Store, size: usize) -> (u64, u64, AppendError) {
    let (mut offset, mut frames) = (0, 0);
    let payload = vec![b'x'; 32 * 1024];
    loop {
        let pieces = (frames..).take(size / payload.len()).flat_map(|number| frame(0, number, &payload));
        let pieces: Vec<u8> = pieces.collect();
        match store.logs().append(&key(1), 0, offset, pieces.into()).await {
            Ok(end) => offset = end,
            Err(error) => return (offset, frames, error),
        }
        frames += (size / payload.len()) as u64;
    }
}

/// Every acknowledged frame, and no other, can be read.
async fn check(store: &Store, offset: u64, frames: u64) {
    assert_eq!(store.logs().lengths(&key(1)).await.expect("measured")[&0], offset);
    read(store, frames).await;
}

async fn read(store: &Store, frames: u64) {
    let mut reader = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
    let mut next = 0;
    while let Some(batch) = reader.next_batch().await.expect("read") {
        for piece in batch {
            assert_eq!(piece.header.time_ns, next);
            next += 1;
        }
    }
    assert_eq!(next, frames);
}

async fn put(store: &Store, name: &str, size: usize) -> Result<(), ArtifactError> {
    let piece = Bytes::from(vec![b'x'; MIB]);
    let pieces = stream::iter((0..size / MIB).map(|_| Ok(piece.clone())));
    store.artifacts().put(&key(1), name, "test", pieces).await.map(|_| ())
}

#[tokio::test]
async fn what_is_reserved_is_left_to_the_records() {
    let disk = Disk::new();
    let store = disk.store(Some(4 * MIB as u64)).await;
    store.healthy().await.expect("there is room");
    let (offset, frames, error) = fill(&store, MIB).await;
    let AppendError::Io(io) = &error else { panic!("{error:?}") };
    let full = io.get_ref().and_then(|inner| inner.downcast_ref::<FullError>()).expect("a reason with numbers");
    assert!(full.free < 5 * MIB as u64 && full.reserve == 4 * MIB as u64, "{full:?}");
    assert_eq!((io.kind(), error.disposition()), (ErrorKind::StorageFull, Disposition::Transient));
    assert!(frames > 100, "most of the disk was used: {frames}");
    check(&store, offset, frames).await;
    let error = put(&store, "big.bin", 3 * MIB).await.expect_err("no room");
    assert!(matches!(error, ArtifactError::Blob(_)) && error.disposition() == Disposition::Transient, "{error:?}");
    let left = std::fs::read_dir(disk.dir.path().join("artifacts").join(UID)).into_iter().flatten().count();
    assert_eq!(left, 0, "nothing is left of what was refused");
    let health = store.healthy().await.expect_err("full");
    assert!(matches!(health, HealthError::Full(full) if full.reserve == 4 * MIB as u64), "{health:?}");
    assert!(health.is_readable() && health.to_string().contains("4194304 are reserved"), "{health}");
    for number in 1..50 {
        store.save_progress(&key(1), &progress(number, number == 49)).await.expect("records have their room");
    }
    assert!(store.forget(UID).await.expect("forgotten"));
    // The log that was removed may still be being brought to disk.
    let begun = Instant::now();
    while let Err(error) = store.healthy().await {
        assert!(begun.elapsed() < SOON, "there is room again: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_disk_is_really_full() {
    let disk = Disk::new();
    let store = disk.store(Some(0)).await;
    let ballast = disk.dir.path().join("ballast");
    std::fs::write(&ballast, vec![0; 4 * MIB]).expect("written");
    let (offset, frames, error) = fill(&store, 128 * 1024).await;
    assert_eq!(error.disposition(), Disposition::Transient, "{error:?}");
    let rest = vec![0; 16 * MIB];
    std::fs::write(disk.dir.path().join("more"), &rest).expect_err("the last byte is taken");
    let refused = store.logs().append(&key(1), 0, offset, frame(0, frames, &[b'x'; 8000]).into()).await;
    assert_eq!(refused.expect_err("full").disposition(), Disposition::Transient);
    check(&store, offset, frames).await;
    let mut records = 0;
    let error = loop {
        records += 1;
        assert!(records < 10_000, "records need room, too");
        if let Err(error) = store.begin(&begin("filler", &format!("filler-{records}"), 1)).await {
            break error;
        }
    };
    assert_eq!(error.disposition(), Disposition::Transient, "{error:?}");
    store.healthy().await.expect_err("full");
    std::fs::remove_file(&ballast).expect("removed");
    store.begin(&begin("filler", &format!("filler-{records}"), 1)).await.expect("a repeat finds room");
    let end = store.logs().append(&key(1), 0, offset, frame(0, frames, b"more\n").into()).await.expect("appended");
    check(&store, end, frames + 1).await;
    drop(store);
    check(&disk.store(None).await, end, frames + 1).await;
}

#[tokio::test]
async fn a_read_only_disk_is_named_and_can_still_be_read() {
    let disk = Disk::new();
    let store = disk.store(None).await;
    store.logs().append(&key(1), 0, 0, frame(0, 0, b"kept\n").into()).await.expect("appended");
    store.close().await;
    drop(store);
    // Some file may still be being closed.
    let begun = Instant::now();
    while !try_mount(&["-o", "remount,ro"], disk.dir.path()).is_ok_and(|status| status.success()) {
        assert!(begun.elapsed() < SOON, "a file stays open");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let error = Store::open(disk.dir.path()).await.expect_err("it cannot be written");
    assert!(matches!(error, OpenError::Folder(_)) && error.disposition() == Disposition::Stalled, "{error:?}");
    mount(&["-o", "remount,rw"], disk.dir.path());
    let store = disk.store(None).await;
    cover_read_only(disk.dir.path());
    let health = store.healthy().await.expect_err("read-only");
    assert!(matches!(health, HealthError::ReadOnly { .. }) && health.is_readable(), "{health:?}");
    assert_eq!(health.disposition(), Disposition::Stalled);
    let refused = store.logs().append(&key(1), 7, 0, frame(0, 1, b"x\n").into()).await.expect_err("read-only");
    assert_eq!(refused.disposition(), Disposition::Stalled, "{refused:?}");
    read(&store, 1).await;
}

/// A disk with files that are open for writing cannot be remounted, but it can be
/// covered for whoever comes by name.
fn cover_read_only(at: &Path) {
    mount(&["--bind", &at.display().to_string()], at);
    mount(&["-o", "remount,ro,bind"], at);
}

#[tokio::test]
async fn a_database_that_was_replaced_is_noticed() {
    let (dir, store) = super::store().await;
    store.healthy().await.expect("healthy");
    std::fs::rename(dir.path().join("assay.db"), dir.path().join("elsewhere.db")).expect("moved");
    let health = store.healthy().await.expect_err("gone");
    assert!(matches!(health, HealthError::Gone) && !health.is_readable(), "{health:?}");
}
