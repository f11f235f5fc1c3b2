//! Artifacts that are replaced while they are opened.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{TryStreamExt, stream};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result,
};

use super::{UID, key, store};
use crate::artifacts::Artifacts;

const NAME: &str = "often.txt";

/// The blobs of a store; before some of the look-ups the artifact is replaced.
#[derive(Debug)]
struct Restless {
    artifacts: Artifacts,
    left: AtomicU32,
}

async fn put(artifacts: &Artifacts, text: String) {
    artifacts.put(&key(1), NAME, "test", stream::iter([Ok(Bytes::from(text))])).await.expect("kept");
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

impl std::fmt::Display for Restless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("restless")
    }
}

impl ObjectStore for Restless {
    fn get_opts<'a, 'b, 'async_trait>(
        &'a self,
        location: &'b Path,
        options: GetOptions,
    ) -> Answer<'async_trait, GetResult>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let left = self.left.load(Ordering::SeqCst);
            if left > 0 {
                self.left.store(left - 1, Ordering::SeqCst);
                put(&self.artifacts, format!("{left} to come")).await;
            }
            self.artifacts.blobs.get_opts(location, options).await
        })
    }

    fn put_opts<'a, 'b, 'async_trait>(
        &'a self,
        _: &'b Path,
        _: PutPayload,
        _: PutOptions,
    ) -> Answer<'async_trait, PutResult>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        unreachable!("it is only read")
    }

    fn put_multipart_opts<'a, 'b, 'async_trait>(
        &'a self,
        _: &'b Path,
        _: PutMultipartOptions,
    ) -> Answer<'async_trait, Box<dyn MultipartUpload>>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        unreachable!("it is only read")
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        unreachable!("it is only read")
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        unreachable!("it is only read")
    }

    fn list_with_delimiter<'a, 'b, 'async_trait>(&'a self, _: Option<&'b Path>) -> Answer<'async_trait, ListResult>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        Self: 'async_trait,
    {
        unreachable!("it is only read")
    }

    fn copy_opts<'a, 'b, 'c, 'async_trait>(
        &'a self,
        _: &'b Path,
        _: &'c Path,
        _: CopyOptions,
    ) -> Answer<'async_trait, ()>
    where
        'a: 'async_trait,
        'b: 'async_trait,
        'c: 'async_trait,
        Self: 'async_trait,
    {
        unreachable!("it is only read")
    }
}

#[tokio::test]
async fn an_artifact_is_found_however_often_it_is_replaced() {
    let (_dir, store) = store().await;
    put(store.artifacts(), "first".to_owned()).await;
    let restless = Restless { artifacts: store.artifacts().clone(), left: AtomicU32::new(5) };
    let artifacts = Artifacts { blobs: Arc::new(restless), ..store.artifacts().clone() };
    let (record, bytes) = artifacts.open(UID, NAME).await.expect("asked").expect("it is there");
    let text = bytes.try_collect::<Vec<_>>().await.expect("read").concat();
    assert_eq!((text.as_slice(), record.size), (b"1 to come".as_slice(), 9));
}

#[tokio::test]
async fn an_artifact_without_its_bytes_is_none() {
    let (dir, store) = store().await;
    put(store.artifacts(), "first".to_owned()).await;
    std::fs::remove_dir_all(dir.path().join("artifacts").join(UID)).expect("removed");
    assert!(store.artifacts().open(UID, NAME).await.expect("asked").is_none());
}
