//! Artifacts: bytes in the blob store, everything said about them in SQL.
//!
//! A name is text of the code under test. It is a value in SQL and never part
//! of a path: the file's name is generated.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use assay_protocol::ingest::Stored;
use assay_protocol::rest::ArtifactRecord;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::database::{Database, signed, unsigned};
use crate::media::{HEAD_BYTES, media_type};
use crate::record::{RecordError, RunKey};
use crate::runs::Runs;

/// Longest name of an artifact, in bytes.
pub const ARTIFACT_NAME_LIMIT: usize = 1024;
/// Up to here a file is written in one go.
const SMALL_BYTES: usize = 256 * 1024;
/// Pieces of a large file that may be in flight.
const IN_FLIGHT: usize = 2;
/// Age from which a file without a record is what a crash left behind.
const ORPHAN_SECONDS: i64 = 3600;

/// Why an artifact was not kept or not found.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The name is empty, too long, or has a NUL.
    #[error("an artifact's name has 1 to {ARTIFACT_NAME_LIMIT} bytes and no NUL")]
    BadName,
    /// The sender broke off, or sent more than is allowed.
    #[error("the bytes of the artifact did not arrive")]
    Source(#[source] std::io::Error),
    /// The blob store did not take or give the bytes.
    #[error("the place where artifacts are kept did not answer")]
    Blob(#[from] object_store::Error),
    /// The record.
    #[error("the record of the artifact was refused")]
    Record(#[from] RecordError),
}

impl From<sqlx::Error> for ArtifactError {
    fn from(error: sqlx::Error) -> Self {
        Self::Record(RecordError::Database(error))
    }
}

/// The bytes of an artifact.
pub type ArtifactStream = BoxStream<'static, Result<Bytes, ArtifactError>>;

/// The artifacts of all executions. Clones share the same place.
#[derive(Clone, Debug)]
pub struct Artifacts {
    database: Database,
    runs: Runs,
    blobs: Arc<dyn ObjectStore>,
    counter: Arc<AtomicU64>,
}

/// What a finished upload is known by.
struct Written {
    size: u64,
    sha256: String,
    content_type: &'static str,
}

impl Artifacts {
    pub(crate) fn new(database: Database, runs: Runs, blobs: Arc<dyn ObjectStore>) -> Self {
        Self { database, runs, blobs, counter: Arc::default() }
    }

    /// Keeps a file under `name`; it replaces an earlier one of that name at the
    /// moment when it is complete.
    ///
    /// # Errors
    /// When the name cannot be one, the stream breaks off, or the store fails.
    pub async fn put<S>(&self, key: &RunKey, name: &str, step: &str, bytes: S) -> Result<Stored, ArtifactError>
    where
        S: Stream<Item = Result<Bytes, std::io::Error>> + Unpin + Send,
    {
        if name.is_empty() || name.len() > ARTIFACT_NAME_LIMIT || name.contains('\0') {
            return Err(ArtifactError::BadName);
        }
        if !key.is_sound() {
            return Err(RecordError::BadUid.into());
        }
        self.runs.admit(key).await?;
        let blob = self.fresh(&key.execution_uid);
        let written = write(&*self.blobs, &blob, name, bytes).await?;
        let replaced = match self.note(key, name, step, &blob, &written).await {
            Ok(replaced) => replaced,
            Err(error) => {
                self.discard(&blob).await;
                return Err(error);
            }
        };
        if let Some(replaced) = replaced {
            self.discard(&Path::from(replaced)).await;
        }
        Ok(Stored { size: written.size, sha256: written.sha256 })
    }

    /// What an execution collected, in order of names.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, uid: &str) -> Result<Vec<ArtifactRecord>, ArtifactError> {
        let rows = sqlx::query(
            "SELECT name, step, size, sha256, content_type FROM artifacts WHERE execution_uid = ?1 ORDER BY name",
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
        // A replacement may take the blob away between the two look-ups: look again.
        for _ in 0..2 {
            let row = sqlx::query(
                "SELECT name, step, size, sha256, content_type, blob FROM artifacts
                 WHERE execution_uid = ?1 AND name = ?2",
            )
            .bind(uid)
            .bind(name)
            .fetch_optional(&self.database.readers)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let blob: String = row.try_get("blob")?;
            match self.blobs.get(&Path::from(blob)).await {
                Ok(found) => {
                    let stream = found.into_stream().map_err(ArtifactError::Blob).boxed();
                    return Ok(Some((record(&row)?, stream)));
                }
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// Removes files that a crash left without a record.
    pub(crate) async fn sweep(&self) -> Result<u64, ArtifactError> {
        let mut removed = 0;
        let mut files = self.blobs.list(Some(&Path::from("artifacts")));
        while let Some(file) = files.try_next().await? {
            let age = Timestamp::now().as_second() - file.last_modified.timestamp();
            if age < ORPHAN_SECONDS {
                continue;
            }
            let known = sqlx::query("SELECT 1 FROM artifacts WHERE blob = ?1")
                .bind(file.location.as_ref())
                .fetch_optional(&self.database.readers)
                .await?;
            if known.is_none() {
                self.discard(&file.location).await;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// A path that nothing else has.
    fn fresh(&self, uid: &str) -> Path {
        let mut hash = Sha256::new();
        hash.update(Timestamp::now().as_nanosecond().to_le_bytes());
        hash.update(self.counter.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hash.update(std::process::id().to_le_bytes());
        let name: String = hex(&hash.finalize()).chars().take(32).collect();
        Path::from(format!("artifacts/{uid}/{name}"))
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
        let mut transaction = self.database.writer.begin().await?;
        let replaced: Option<String> =
            sqlx::query_scalar("SELECT blob FROM artifacts WHERE execution_uid = ?1 AND name = ?2")
                .bind(&key.execution_uid)
                .bind(name)
                .fetch_optional(&mut *transaction)
                .await?;
        sqlx::query(
            "INSERT OR REPLACE INTO artifacts
             (execution_uid, name, step, attempt, pod_uid, blob, size, sha256, content_type)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(&key.execution_uid)
        .bind(name)
        .bind(step)
        .bind(key.attempt)
        .bind(&key.pod_uid)
        .bind(blob.as_ref())
        .bind(signed(written.size))
        .bind(&written.sha256)
        .bind(written.content_type)
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(replaced)
    }

    /// Removes a blob that nothing names; what fails here is swept at the next start.
    async fn discard(&self, blob: &Path) {
        if let Err(error) = self.blobs.delete(blob).await {
            tracing::warn!(%error, "an artifact that nothing names was not removed");
        }
    }
}

/// Writes a stream to the blob store, whole or not at all.
async fn write<S>(blobs: &dyn ObjectStore, blob: &Path, name: &str, mut bytes: S) -> Result<Written, ArtifactError>
where
    S: Stream<Item = Result<Bytes, std::io::Error>> + Unpin + Send,
{
    let mut hash = Sha256::new();
    let mut small = Vec::new();
    while small.len() <= SMALL_BYTES {
        let Some(piece) = bytes.try_next().await.map_err(ArtifactError::Source)? else {
            hash.update(&small);
            let size = small.len() as u64;
            let content_type = media_type(name, &small[..small.len().min(HEAD_BYTES)]);
            blobs.put(blob, Bytes::from(small).into()).await?;
            return Ok(Written { size, sha256: hex(&hash.finalize()), content_type });
        };
        small.extend_from_slice(&piece);
    }
    let content_type = media_type(name, &small[..HEAD_BYTES]);
    let mut size = small.len() as u64;
    hash.update(&small);
    let mut upload = WriteMultipart::new(blobs.put_multipart(blob).await?);
    upload.put(Bytes::from(small));
    loop {
        let piece = match bytes.try_next().await {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => {
                upload.abort().await?;
                return Err(ArtifactError::Source(error));
            }
        };
        size += piece.len() as u64;
        hash.update(&piece);
        upload.wait_for_capacity(IN_FLIGHT).await?;
        upload.put(piece);
    }
    upload.finish().await?;
    Ok(Written { size, sha256: hex(&hash.finalize()), content_type })
}

fn record(row: &SqliteRow) -> Result<ArtifactRecord, sqlx::Error> {
    Ok(ArtifactRecord {
        name: row.try_get("name")?,
        step: row.try_get("step")?,
        size: unsigned(row.try_get("size")?),
        sha256: row.try_get("sha256")?,
        content_type: row.try_get("content_type")?,
    })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
