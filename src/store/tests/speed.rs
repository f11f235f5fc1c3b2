//! Measures, run by hand: `cargo test -p assay-store -- --ignored --nocapture`.

use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt, stream};

use super::bucket::Bucket;
use super::postgres::Postgres;
use super::{House, UID, frame, key, store};
use crate::{BlobsConfig, ReadOptions, Store};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measure, not a proof"]
async fn speed() {
    let (_dir, store) = store().await;
    let line = frame(0, 1, "x".repeat(100).as_bytes());
    let frames = line.repeat(1024 * 1024 / line.len());
    let bytes = Bytes::from(frames);
    let begun = Instant::now();
    let mut offset = 0;
    for _ in 0..512 {
        offset = store.logs().append(&key(1), 0, offset, bytes.clone()).await.expect("appended");
    }
    println!("append, 124-byte frames: {:.0} MB/s", offset as f64 / 1e6 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let mut reader = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
    while reader.next_batch().await.expect("read").is_some() {}
    println!("read back: {:.0} MB/s", offset as f64 / 1e6 / begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    store.logs().archive(UID).await.expect("archived");
    println!("archive: {:.0} MB/s", offset as f64 / 1e6 / begun.elapsed().as_secs_f64());
    records("in SQLite and a folder", &store, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measure, not a proof"]
async fn speed_elsewhere() {
    let (Some(postgres), Some(bucket)) = (Postgres::start(), Bucket::start()) else { return };
    let database = postgres.database("speed").await;
    let house = House::new(|config| config.database = database).await;
    records("in PostgreSQL and a folder", &house.store, 1).await;
    records("in PostgreSQL and a folder", &house.store, 4).await;
    let house = House::new(|config| config.blobs = BlobsConfig::S3(bucket.place(""))).await;
    records("in SQLite and a bucket", &house.store, 4).await;
}

/// As many at a time as the runner has connections.
async fn records(place: &str, store: &Store, at_a_time: usize) {
    let begun = Instant::now();
    let puts = (0..1000).map(|number| async move {
        let bytes = stream::iter([Ok(Bytes::from(vec![b'x'; 10_000]))]);
        store.artifacts().put(&key(1), &format!("{number}"), "test", bytes).await.expect("kept");
    });
    stream::iter(puts).buffer_unordered(at_a_time).collect::<Vec<()>>().await;
    println!("{place}: 1,000 artifacts of 10 KB, {at_a_time} at a time: {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for number in 0..200 {
        store.save_progress(&key(1), &super::progress(number, false)).await.expect("saved");
    }
    println!("{place}: progress: {:.2} ms each", begun.elapsed().as_secs_f64() * 1000.0 / 200.0);
}
