//! Measures, run by hand: `cargo test -p assay-store -- --ignored --nocapture`.

use std::time::Instant;

use bytes::Bytes;
use futures::stream;

use super::{UID, frame, key, store};
use crate::ReadOptions;

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
    for number in 0..1000 {
        let bytes = stream::iter([Ok(Bytes::from(vec![b'x'; 10_000]))]);
        store.artifacts().put(&key(1), &format!("{number}"), "test", bytes).await.expect("kept");
    }
    println!("1,000 artifacts of 10 KB: {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for number in 0..200 {
        store.save_progress(&key(1), &super::progress(number, false)).await.expect("saved");
    }
    println!("progress: {:.2} ms each", begun.elapsed().as_secs_f64() * 1000.0 / 200.0);
}
