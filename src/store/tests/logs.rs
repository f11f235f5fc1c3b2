//! Appending, crashes, and the order of the merge.

use std::io::Write;

use bytes::Bytes;

use super::{UID, frame, key, opened, store};
use crate::{AppendError, Position, ReadOptions, Store, StoreConfig};

async fn text(store: &Store, options: ReadOptions) -> String {
    let mut reader = store.logs().read(UID, options).await.expect("opened");
    let mut text = Vec::new();
    while let Some(batch) = reader.next_batch().await.expect("read") {
        batch.iter().for_each(|piece| text.extend_from_slice(&piece.payload));
    }
    String::from_utf8(text).expect("text")
}

#[tokio::test]
async fn appending_is_idempotent_by_offset() {
    let (_dir, store) = store().await;
    let logs = store.logs();
    let (one, two) = (frame(0, 1, b"one\n"), frame(0, 2, b"two\n"));
    let both = [one.clone(), two.clone()].concat();
    let (single, double) = (one.len() as u64, both.len() as u64);
    let append = |offset, bytes: &[u8]| {
        let bytes = Bytes::copy_from_slice(bytes);
        async move { logs.append(&key(1), 0, offset, bytes).await }
    };
    assert!(matches!(append(9, &one).await, Err(AppendError::Gap { acknowledged: 0 })));
    assert_eq!(append(0, &one).await.expect("new"), single);
    assert_eq!(append(0, &one).await.expect("a repeat"), single);
    assert_eq!(append(0, &both).await.expect("an overlap"), double);
    assert_eq!(append(single, &two).await.expect("a repeat of the end"), double);
    assert_eq!(append(single, &[]).await.expect("nothing"), double);
    assert!(matches!(append(double + 1, &one).await, Err(AppendError::Gap { acknowledged }) if acknowledged == double));
    assert!(matches!(append(double, &two[..9]).await, Err(AppendError::NotFrames)));
    assert!(matches!(append(double, &[b'x'; 40]).await, Err(AppendError::NotFrames)));
    assert!(matches!(append(double - 5, &both).await, Err(AppendError::NotFrames)), "cuts through a frame");
    assert_eq!(text(&store, ReadOptions::default()).await, "one\ntwo\n");
    let mut stranger = key(1);
    stranger.execution_uid = "never-begun".into();
    assert!(matches!(logs.append(&stranger, 0, 0, Bytes::new()).await, Err(AppendError::Run(_))));
}

#[tokio::test]
async fn a_torn_tail_is_cut_to_whole_frames() {
    let (dir, store) = store().await;
    let one = frame(0, 1, b"one\n");
    store.logs().append(&key(1), 0, 0, one.clone().into()).await.expect("appended");
    drop(store);
    let path = dir.path().join(format!("logs/{UID}/1-pod-1/0.frames"));
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the file");
    file.write_all(&frame(0, 2, b"torn\n")[..27]).expect("written");
    let store = opened(StoreConfig::folder(dir.path())).await;
    assert_eq!(text(&store, ReadOptions::default()).await, "one\n", "a reader stops before it");
    let lengths = store.logs().lengths(&key(1)).await.expect("measured");
    assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [(0, one.len() as u64)]);
    let end = store.logs().append(&key(1), 0, one.len() as u64, frame(0, 2, b"whole\n").into()).await;
    assert_eq!(end.expect("appended"), one.len() as u64 * 2 + 2);
    assert_eq!(text(&store, ReadOptions::default()).await, "one\nwhole\n");
}

#[tokio::test]
async fn two_hundred_thousand_lines_merge_in_order_and_resume_anywhere() {
    let (_dir, store) = store().await;
    let lines: u64 = 200_000;
    let mut streams = vec![(0u16, Vec::new(), 0u64), (1, Vec::new(), 0), (999, Vec::new(), 0)];
    for number in 0..lines {
        // Runs of uneven length, so that no stream is simply alternated.
        let lane = (number / 7 + number % 5) as usize % 3;
        let (group, pending, offset) = &mut streams[lane];
        pending.extend(frame(lane as u16, number, format!("line {number}\n").as_bytes()));
        if pending.len() > 700_000 {
            let bytes = std::mem::take(pending);
            *offset = store.logs().append(&key(1), *group, *offset, bytes.into()).await.expect("appended");
        }
    }
    for (group, pending, offset) in streams {
        store.logs().append(&key(1), group, offset, pending.into()).await.expect("appended");
    }
    let mut reader = store.logs().read(UID, ReadOptions::default()).await.expect("opened");
    let mut position = reader.start();
    let mut next = 0;
    while let Some(batch) = reader.next_batch().await.expect("read") {
        for piece in batch {
            assert_eq!(piece.header.time_ns, next);
            assert_eq!(&piece.payload[..], format!("line {next}\n").as_bytes());
            piece.pass(&mut position);
            next += 1;
        }
        if (90_000..95_000).contains(&next) {
            let from: Position = position.to_string().parse().expect("a position");
            reader = store
                .logs()
                .read(UID, ReadOptions { from: Some(from), ..ReadOptions::default() })
                .await
                .expect("resumed");
        }
    }
    assert_eq!(next, lines);
    let only = text(&store, ReadOptions { step: Some(1), ..ReadOptions::default() }).await;
    let expected = (0..lines).filter(|number| (number / 7 + number % 5) % 3 == 1).count();
    assert_eq!(only.lines().count(), expected);
}

#[tokio::test]
async fn the_tail_is_short_readable_and_survives_reopening() {
    let (dir, store) = store().await;
    let mut offset = 0;
    let mut printed = 0;
    for number in 0..20_000u64 {
        let line = format!("\u{1b}[31mline\u{1b}[0m {number} \u{7}\r\n");
        printed += line.len() as u64;
        let bytes = frame(0, number * 2, line.as_bytes());
        offset = store.logs().append(&key(1), 0, offset, bytes.into()).await.expect("appended");
    }
    store.logs().append(&key(1), 999, 0, frame(0, 40_001, b"\xffdone\n").into()).await.expect("appended");
    let tail = store.logs().tail(UID, 2048).await.expect("read");
    assert!(tail.text.len() <= 2048 && tail.text.len() > 1900, "{}", tail.text.len());
    assert!(tail.text.starts_with("line ") && tail.text.ends_with("line 19999 \n\u{fffd}done\n"), "{}", tail.text);
    assert_eq!(tail.total_bytes, printed + 6);
    drop(store);
    let store = opened(StoreConfig::folder(dir.path())).await;
    assert_eq!(store.logs().tail(UID, 2048).await.expect("read"), tail);
    assert_eq!(store.logs().tail("unknown", 2048).await.expect("read").text, "");
}

#[tokio::test]
async fn noise_in_a_file_ends_its_stream_only() {
    let (dir, store) = store().await;
    store.logs().append(&key(1), 0, 0, frame(0, 1, b"good\n").into()).await.expect("appended");
    store.logs().append(&key(1), 1, 0, frame(0, 2, b"other\n").into()).await.expect("appended");
    let path = dir.path().join(format!("logs/{UID}/1-pod-1/0.frames"));
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the file");
    file.write_all(&[0; 100]).expect("written");
    assert_eq!(text(&store, ReadOptions::default()).await, "good\nother\n");
    let from = "1/0:7,1:3".parse().expect("a position");
    assert_eq!(text(&store, ReadOptions { from: Some(from), ..ReadOptions::default() }).await, "", "not a boundary");
}
