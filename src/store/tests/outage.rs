//! A database server and a bucket that go away and come back.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{TryStreamExt, stream};

use super::bucket::Bucket;
use super::postgres::Postgres;
use super::{House, UID, frame, key, progress};
use crate::{AppendError, ArtifactError, BlobsConfig, DatabaseUrl, Disposition, HealthError, Store, StoreConfig};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_server_may_go_away_and_come_back() {
    let Some(mut postgres) = Postgres::start() else { return };
    let database = postgres.database("outage").await;
    let house = House::new(|config| config.database = database).await;
    let store = &house.store;
    let piece = frame(0, 1, b"one\n");
    let offset = store.logs().append(&key(1), 0, 0, piece.clone().into()).await.expect("appended");
    store.save_progress(&key(1), &progress(1, false)).await.expect("saved");
    postgres.stop();
    let begun = Instant::now();
    let error = store.save_progress(&key(1), &progress(2, false)).await.expect_err("gone");
    assert_eq!(error.disposition(), Disposition::Transient, "{error:?}");
    let error = store.healthy().await.expect_err("gone");
    assert!(matches!(error, HealthError::Database(_)) && error.disposition() == Disposition::Transient, "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(60), "an answer comes in time: {:?}", begun.elapsed());
    let end = store.logs().append(&key(1), 0, offset, piece.clone().into()).await;
    assert_eq!(end.expect("a log that is open needs no database"), offset * 2);
    let fresh = store.logs().append(&key(1), 5, 0, piece.into()).await.expect_err("a new one does");
    assert!(matches!(&fresh, AppendError::Run(_)) && fresh.disposition() == Disposition::Transient, "{fresh:?}");
    postgres.start_again();
    let begun = Instant::now();
    while let Err(error) = store.save_progress(&key(1), &progress(2, true)).await {
        assert!(begun.elapsed() < Duration::from_secs(120), "it does not recover: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let record = store.execution_by_uid(UID).await.expect("asked").expect("found");
    assert_eq!(record.progress.map(|progress| progress.sequence), Some(2));
}

#[tokio::test]
async fn an_absent_database_is_worth_another_try() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut config = StoreConfig::folder(dir.path());
    config.database = DatabaseUrl::Postgres("postgres://assay:secret@127.0.0.1:1/assay".to_owned());
    let error = Store::open_with(config).await.expect_err("nobody listens");
    assert_eq!(error.disposition(), Disposition::Transient, "{error:?}");
    assert!(!format!("{error:?}").contains("secret"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_may_go_away() {
    let Some(mut bucket) = Bucket::start() else { return };
    let place = bucket.place("outage");
    let house = House::new(|config| config.blobs = BlobsConfig::S3(place)).await;
    let put = async |name: &str| {
        let bytes = stream::iter([Ok(Bytes::from_static(b"kept"))]);
        house.store.artifacts().put(&key(1), name, "test", bytes).await
    };
    put("before").await.expect("kept");
    bucket.stop();
    let begun = Instant::now();
    let error = put("after").await.expect_err("gone");
    assert!(matches!(&error, ArtifactError::Blob(_)) && error.disposition() == Disposition::Transient, "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(90), "{:?}", begun.elapsed());
    let listed = house.store.artifacts().list(UID).await.expect("listed");
    assert_eq!(listed.len(), 1, "what was not kept is not listed");
    house.store.healthy().await.expect("records and logs are well");
    let read = house.store.artifacts().open(UID, "before").await;
    let failed = match read {
        Err(_) => true,
        Ok(found) => found.expect("listed").1.try_collect::<Vec<_>>().await.is_err(),
    };
    assert!(failed, "the service that was ended still answers");
}
