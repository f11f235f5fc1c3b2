//! Artifacts with hostile names, large ones, replaced ones, broken ones.

use std::io;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::path::Path as BlobPath;
use object_store::{ObjectStore, ObjectStoreExt};

use super::{House, UID, begin, key};
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

/// Names of the blobs of [`UID`].
async fn blobs(store: &Store) -> Vec<String> {
    let folder = BlobPath::from(format!("artifacts/{UID}"));
    let blobs = store.artifacts().blobs.list(Some(&folder)).try_collect::<Vec<_>>().await.expect("listed");
    blobs.iter().map(|blob| blob.location.filename().expect("a name").to_owned()).collect()
}

pub(super) async fn a_name_is_a_value_and_never_a_path(house: House) {
    let store = &house.store;
    let names = ["../x", "../../../../tmp/x", "a/b\n\"><img src=x>", "/etc/passwd", "ä ö", "a\\b", ".", ".."];
    for name in names {
        put(store, name, name).await.expect("kept");
    }
    for name in names {
        assert_eq!(get(store, name).await.as_deref(), Some(name.as_bytes()), "{name:?}");
    }
    let listed = store.artifacts().list(UID).await.expect("listed");
    assert_eq!(listed.len(), names.len());
    for file in blobs(store).await {
        assert!(file.len() == 32 && file.bytes().all(|byte| byte.is_ascii_hexdigit()), "{file}");
    }
    for name in ["", "a\0b", &"x".repeat(1025)] {
        assert!(matches!(put(store, name, "").await, Err(ArtifactError::BadName)));
    }
}

pub(super) async fn concurrent_puts_of_one_name_leave_one_whole_file(house: House) {
    let store = &house.store;
    let puts = (0..20).map(|number| {
        let store = store.clone();
        async move { put(&store, "same.txt", &format!("{number}").repeat(1000)).await }
    });
    let sizes: Vec<_> = stream::iter(puts).buffer_unordered(8).collect().await;
    assert!(sizes.iter().all(Result::is_ok));
    let bytes = get(store, "same.txt").await.expect("kept");
    assert!(bytes.len() == 1000 || bytes.len() == 2000);
    assert_eq!(blobs(store).await.len(), 1, "what was replaced is gone");
}

pub(super) async fn a_large_file_is_streamed_and_a_broken_one_leaves_nothing(house: House) {
    let store = &house.store;
    let piece = Bytes::from(vec![b'x'; 1024 * 1024]);
    let pieces = stream::iter((0..20).map(|_| Ok(piece.clone())));
    let stored = store.artifacts().put(&key(1), "big.log", "test", pieces).await.expect("kept");
    assert_eq!(stored.size, 20 * 1024 * 1024);
    assert_eq!(get(store, "big.log").await.map(|bytes| bytes.len()), Some(20 * 1024 * 1024));
    let listed = store.artifacts().list(UID).await.expect("listed");
    assert_eq!((listed[0].content_type.as_str(), &listed[0].sha256), ("text/plain", &stored.sha256));
    let broken = stream::iter((0..9).map(|number| match number {
        8 => Err(io::Error::from(io::ErrorKind::ConnectionReset)),
        _ => Ok(piece.clone()),
    }));
    let error = store.artifacts().put(&key(1), "broken.log", "test", broken).await;
    assert!(matches!(error, Err(ArtifactError::Source(_))));
    assert_eq!(get(store, "broken.log").await, None);
    assert_eq!(blobs(store).await.len(), 1);
}

pub(super) async fn an_older_attempt_keeps_nothing_more(house: House) {
    let store = &house.store;
    store.begin(&begin("smoke-1", UID, 2)).await.expect("begun");
    let refused = put(store, "late.txt", "late").await;
    assert!(matches!(refused, Err(ArtifactError::Record(RecordError::Superseded { newest: 2 }))));
}

pub(super) async fn a_thousand_small_ones_are_kept_and_swept(house: House) {
    let store = &house.store;
    let puts = (0..1000).map(|number| async move { put(store, &format!("{number}.txt"), &format!("{number}")).await });
    let sizes: Vec<_> = stream::iter(puts).buffer_unordered(8).collect().await;
    assert!(sizes.iter().all(Result::is_ok));
    assert_eq!(store.artifacts().list(UID).await.expect("listed").len(), 1000);
    assert_eq!(get(store, "777.txt").await.as_deref(), Some(b"777".as_slice()));
    let orphan = BlobPath::from(format!("artifacts/{UID}/{}", "0".repeat(32)));
    store.artifacts().blobs.put(&orphan, "left behind".into()).await.expect("kept");
    assert_eq!(store.artifacts().sweep(UNIX_EPOCH).await.expect("swept"), 0, "it may be under way");
    let soon = SystemTime::now() + Duration::from_secs(5);
    assert_eq!(store.artifacts().sweep(soon).await.expect("swept"), 1);
    assert_eq!(blobs(store).await.len(), 1000);
    assert!(store.forget(UID).await.expect("forgotten"));
    assert_eq!(blobs(store).await.len(), 0);
    assert_eq!(get(store, "777.txt").await, None);
}

pub(super) async fn a_part_of_a_blob_can_be_read(house: House) {
    let store = &house.store;
    put(store, "ä b%2f+c?.txt", "0123456789").await.expect("kept");
    let location = BlobPath::from(format!("artifacts/{UID}/{}", blobs(store).await[0]));
    let part = store.artifacts().blobs.get_range(&location, 3..6).await.expect("read");
    assert_eq!(&part[..], b"345");
}

#[tokio::test]
async fn uploads_that_a_crash_broke_off_are_swept() {
    let (dir, store) = super::store().await;
    put(&store, "kept.txt", "kept").await.expect("kept");
    let broken = dir.path().join(format!("artifacts/{UID}/{}#1", "0".repeat(32)));
    std::fs::write(&broken, b"half").expect("written");
    let chores = crate::chores::Chores::of(&store.inner);
    assert_eq!(chores.artifacts(UNIX_EPOCH).await.expect("swept"), 0, "it may be under way");
    assert_eq!(chores.artifacts(SystemTime::now() + Duration::from_secs(5)).await.expect("swept"), 1);
    assert!(!broken.exists());
    assert!(store.forget(UID).await.expect("forgotten"));
    assert!(!dir.path().join("artifacts").join(UID).exists(), "no empty folder is left");
}
