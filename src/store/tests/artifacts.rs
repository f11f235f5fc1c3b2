//! Artifacts with hostile names, large ones, replaced ones, broken ones.

use std::io;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::{UID, begin, key, store};
use crate::{ArtifactError, RecordError, Store};

async fn put(store: &Store, name: &str, text: &str) -> Result<u64, ArtifactError> {
    let bytes = stream::iter([Ok(Bytes::copy_from_slice(text.as_bytes()))]);
    Ok(store.artifacts().put(&key(1), name, "test", bytes).await?.size)
}

async fn get(store: &Store, name: &str) -> Option<Vec<u8>> {
    let (record, stream) = store.artifacts().open(UID, name).await.expect("asked")?;
    let bytes: Vec<Bytes> = stream.try_collect().await.expect("read");
    let bytes = bytes.concat();
    assert_eq!(record.size, bytes.len() as u64);
    Some(bytes)
}

fn files(store: &std::path::Path) -> Vec<String> {
    let folder = std::fs::read_dir(store.join("artifacts").join(UID)).expect("a folder");
    folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test]
async fn a_name_is_a_value_and_never_a_path() {
    let (dir, store) = store().await;
    let names = ["../x", "../../../../tmp/x", "a/b\n\"><img src=x>", "/etc/passwd", "ä ö", "a\\b", ".", ".."];
    for name in names {
        put(&store, name, name).await.expect("kept");
    }
    for name in names {
        assert_eq!(get(&store, name).await.as_deref(), Some(name.as_bytes()), "{name:?}");
    }
    let listed = store.artifacts().list(UID).await.expect("listed");
    assert_eq!(listed.len(), names.len());
    for file in files(dir.path()) {
        assert!(file.len() == 32 && file.bytes().all(|byte| byte.is_ascii_hexdigit()), "{file}");
    }
    for name in ["", "a\0b", &"x".repeat(1025)] {
        assert!(matches!(put(&store, name, "").await, Err(ArtifactError::BadName)));
    }
}

#[tokio::test]
async fn concurrent_puts_of_one_name_leave_one_whole_file() {
    let (dir, store) = store().await;
    let puts = (0..20).map(|number| {
        let store = store.clone();
        async move { put(&store, "same.txt", &format!("{number}").repeat(1000)).await }
    });
    let sizes: Vec<_> = stream::iter(puts).buffer_unordered(8).collect().await;
    assert!(sizes.iter().all(Result::is_ok));
    let bytes = get(&store, "same.txt").await.expect("kept");
    assert!(bytes.len() == 1000 || bytes.len() == 2000);
    assert_eq!(files(dir.path()).len(), 1, "what was replaced is gone");
}

#[tokio::test]
async fn a_large_file_is_streamed_and_a_broken_one_leaves_nothing() {
    let (dir, store) = store().await;
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let pieces = stream::iter((0..20).map(|_| Ok(piece.clone())));
    let stored = store.artifacts().put(&key(1), "big.log", "test", pieces).await.expect("kept");
    assert_eq!(stored.size, 20 * 1024 * 1024);
    assert_eq!(get(&store, "big.log").await.map(|bytes| bytes.len()), Some(20 * 1024 * 1024));
    let listed = store.artifacts().list(UID).await.expect("listed");
    assert_eq!((listed[0].content_type.as_str(), &listed[0].sha256), ("text/plain", &stored.sha256));
    let broken = stream::iter((0..9).map(|number| match number {
        8 => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        _ => Ok(piece.clone()),
    }));
    let error = store.artifacts().put(&key(1), "broken.log", "test", broken).await;
    assert!(matches!(error, Err(ArtifactError::Source(_))));
    assert_eq!(get(&store, "broken.log").await, None);
    assert_eq!(files(dir.path()).len(), 1);
}

#[tokio::test]
async fn an_older_attempt_keeps_nothing_more() {
    let (_dir, store) = store().await;
    store.begin(&begin("smoke-1", UID, 2)).await.expect("begun");
    let refused = put(&store, "late.txt", "late").await;
    assert!(matches!(refused, Err(ArtifactError::Record(RecordError::Superseded { newest: 2 }))));
}
