//! Artifacts: bytes in the blob store, everything said about them in SQL.
//!
//! A name is text of the code under test. It is a value in SQL and never part
//! of a path: the blob's name is generated.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use assay_protocol::ingest::Stored;
use assay_protocol::rest::ArtifactRecord;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::artifact_error::{ARTIFACT_NAME_LIMIT, ArtifactError};
use crate::database::{Database, signed, unsigned};
use crate::record::{RecordError, RunKey};
use crate::removals::Removals;
use crate::runs::Runs;
use crate::space::Space;
use crate::upload::{Written, hex, write};

/// The blobs of artifacts, below whatever the blob store begins with.
pub(crate) const FOLDER: &str = "artifacts";

/// The bytes of an artifact.
pub type ArtifactStream = BoxStream<'static, Result<Bytes, ArtifactError>>;

/// The artifacts of all executions. Clones share the same place.
#[derive(Clone, Debug)]
pub struct Artifacts {
    pub(crate) database: Database,
    pub(crate) runs: Runs,
    pub(crate) blobs: Arc<dyn ObjectStore>,
    /// The disk of the blobs, when they lie on one of ours.
    pub(crate) space: Option<Space>,
    pub(crate) removals: Removals,
    pub(crate) counter: Arc<AtomicU64>,
}

impl Artifacts {
    /// Keeps a file under `name`; it replaces an earlier one of that name at the
    /// moment when it is complete.
    ///
    /// # Errors
    /// When the name cannot be one, the stream breaks off, or the store fails.
    pub async fn put<S>(&self, key: &RunKey, name: &str, step: &str, bytes: S) -> Result<Stored, ArtifactError>
    where
        S: Stream<Item = Result<Bytes, std::io::Error>> + Unpin + Send,
    {
        let unfit = |text: &str| text.len() > ARTIFACT_NAME_LIMIT || text.contains('\0');
        if name.is_empty() || unfit(name) || unfit(step) {
            return Err(ArtifactError::BadName);
        }
        if !key.is_sound() {
            return Err(RecordError::BadUid.into());
        }
        self.runs.admit(key).await?;
        let blob = self.fresh(&key.execution_uid);
        let written = write(&*self.blobs, self.space.as_ref(), &blob, name, bytes).await?;
        let replaced = match self.note(key, name, step, &blob, &written).await {
            Ok(replaced) => replaced,
            Err(error) => {
                self.discard(vec![blob]).await;
                return Err(error);
            }
        };
        if let Some(replaced) = replaced {
            self.discard(vec![Path::from(replaced)]).await;
        }
        Ok(Stored { size: written.size, sha256: written.sha256 })
    }

    /// What an execution collected, in order of names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, uid: &str) -> Result<Vec<ArtifactRecord>, ArtifactError> {
        let rows = sqlx::query(
            "SELECT name, step, size, sha256, content_type FROM artifacts WHERE execution_uid = $1 ORDER BY name",
        )
        .bind(uid)
        .fetch_all(&self.database.readers)
        .await?;
        Ok(rows.iter().map(record).collect::<Result<_, _>>()?)
    }

    /// One file of an execution, and its bytes.
    ///
    /// # Errors
    /// When the database or the blob store does not answer.
    pub async fn open(&self, uid: &str, name: &str) -> Result<Option<(ArtifactRecord, ArtifactStream)>, ArtifactError> {
        let mut missed = None;
        loop {
            let row = sqlx::query(
                "SELECT name, step, size, sha256, content_type, blob FROM artifacts
                 WHERE execution_uid = $1 AND name = $2",
            )
            .bind(uid)
            .bind(name)
            .fetch_optional(&self.database.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let blob: String = row.try_get("blob")?;
            if missed.as_ref() == Some(&blob) {
                return Ok(None);
            }
            match self.blobs.get(&Path::from(blob.as_str())).await {
                Ok(found) => {
                    let stream = found.into_stream().map_err(ArtifactError::Blob).boxed();
                    return Ok(Some((record(&row)?, stream)));
                }
                // A replacement may have taken the blob away between the two look-ups: there is another one then.
                Err(object_store::Error::NotFound { .. }) => missed = Some(blob),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Removes blobs from before a moment that a crash left without a record.
    pub(crate) async fn sweep(&self, before: SystemTime) -> Result<u64, ArtifactError> {
        let mut removed = 0;
        let mut blobs = self.blobs.list(Some(&Path::from(FOLDER)));
        while let Some(blob) = blobs.try_next().await? {
            if SystemTime::from(blob.last_modified) >= before {
                continue;
            }
            let known = sqlx::query("SELECT blob FROM artifacts WHERE blob = $1")
                .bind(blob.location.as_ref())
                .fetch_optional(&self.database.readers)
                .await?;
            if known.is_none() {
                self.discard(vec![blob.location]).await;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Removes blobs that nothing names, now or, while everything is being
    /// copied, afterwards. What fails here is swept later.
    pub(crate) async fn discard(&self, blobs: Vec<Path>) {
        if let Some(_allowed) = self.removals.allowed_now() {
            return delete(&*self.blobs, blobs).await;
        }
        let (place, removals) = (Arc::clone(&self.blobs), self.removals.clone());
        tokio::spawn(async move {
            let _allowed = removals.allowed().await;
            delete(&*place, blobs).await;
        });
    }

    /// A path that nothing else has.
    fn fresh(&self, uid: &str) -> Path {
        let mut hash = Sha256::new();
        hash.update(Timestamp::now().as_nanosecond().to_le_bytes());
        hash.update(self.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hash.update(std::process::id().to_le_bytes());
        let name: String = hex(&hash.finalize()).chars().take(32).collect();
        Path::from(format!("{FOLDER}/{uid}/{name}"))
    }

    /// Writes the record; gives the blob that it replaced.
    async fn note(
        &self,
        key: &RunKey,
        name: &str,
        step: &str,
        blob: &Path,
        written: &Written,
    ) -> Result<Option<String>, ArtifactError> {
        let replaced = sqlx::query_scalar(
            "INSERT INTO artifacts
             (execution_uid, name, step, attempt, pod_uid, blob, size, sha256, content_type)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (execution_uid, name) DO UPDATE
             SET replaced = artifacts.blob, step = excluded.step, attempt = excluded.attempt,
                 pod_uid = excluded.pod_uid, blob = excluded.blob, size = excluded.size,
                 sha256 = excluded.sha256, content_type = excluded.content_type
             RETURNING replaced",
        )
        .bind(&key.execution_uid)
        .bind(name)
        .bind(step)
        .bind(i64::from(key.attempt))
        .bind(&key.pod_uid)
        .bind(blob.as_ref())
        .bind(signed(written.size))
        .bind(&written.sha256)
        .bind(written.content_type)
        .fetch_one(&self.database.writer)
        .await
        .map_err(RecordError::of_a_row)?;
        Ok(replaced)
    }
}

/// Deletes blobs, many at once where the place can do that.
async fn delete(blobs: &dyn ObjectStore, paths: Vec<Path>) {
    let mut deleted = blobs.delete_stream(stream::iter(paths.into_iter().map(Ok)).boxed());
    while let Some(done) = deleted.next().await {
        match done {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "an artifact that nothing names was not removed"),
        }
    }
}

fn record(row: &AnyRow) -> Result<ArtifactRecord, sqlx::Error> {
    Ok(ArtifactRecord {
        name: row.try_get("name")?,
        step: row.try_get("step")?,
        size: unsigned(row.try_get("size")?),
        sha256: row.try_get("sha256")?,
        content_type: row.try_get("content_type")?,
    })
}
