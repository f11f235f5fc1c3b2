//! Writing a stream to the blob store, whole or not at all.

use std::io;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};
use sha2::{Digest, Sha256};

use crate::artifact_error::ArtifactError;
use crate::media::{HEAD_BYTES, media_type};
use crate::space::Space;

/// Up to here a file is written in one go.
const SMALL_BYTES: usize = 256 * 1024;
/// Pieces of a large file that may be in flight.
const IN_FLIGHT: usize = 2;

/// What a finished upload is known by.
pub(crate) struct Written {
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) content_type: &'static str,
}

/// Writes; with `space`, only as long as the disk has room.
pub(crate) async fn write<S>(
    blobs: &dyn ObjectStore,
    space: Option<&Space>,
    blob: &Path,
    name: &str,
    mut bytes: S,
) -> Result<Written, ArtifactError>
where
    S: Stream<Item = Result<Bytes, io::Error>> + Unpin + Send,
{
    let mut hash = Sha256::new();
    let mut small = Vec::new();
    while small.len() <= SMALL_BYTES {
        let Some(piece) = bytes.try_next().await.map_err(ArtifactError::Source)? else {
            hash.update(&small);
            let size = small.len() as u64;
            let content_type = media_type(name, &small[..small.len().min(HEAD_BYTES)]);
            claim(space, small.len())?;
            blobs.put(blob, Bytes::from(small).into()).await?;
            return Ok(Written { size, sha256: hex(&hash.finalize()), content_type });
        };
        small.extend_from_slice(&piece);
    }
    let content_type = media_type(name, &small[..HEAD_BYTES]);
    let mut size = small.len() as u64;
    hash.update(&small);
    claim(space, small.len())?;
    let mut upload = WriteMultipart::new(blobs.put_multipart(blob).await?);
    upload.put(Bytes::from(small));
    loop {
        match next(&mut upload, &mut bytes, space).await {
            Ok(Some(piece)) => {
                size += piece.len() as u64;
                hash.update(&piece);
                upload.put(piece);
            }
            Ok(None) => break,
            Err(error) => {
                upload.abort().await?;
                return Err(error);
            }
        }
    }
    upload.finish().await?;
    Ok(Written { size, sha256: hex(&hash.finalize()), content_type })
}

/// The next piece, once there is room for it in flight and on the disk.
async fn next<S>(
    upload: &mut WriteMultipart,
    bytes: &mut S,
    space: Option<&Space>,
) -> Result<Option<Bytes>, ArtifactError>
where
    S: Stream<Item = Result<Bytes, io::Error>> + Unpin + Send,
{
    let Some(piece) = bytes.try_next().await.map_err(ArtifactError::Source)? else { return Ok(None) };
    claim(space, piece.len())?;
    upload.wait_for_capacity(IN_FLIGHT).await?;
    Ok(Some(piece))
}

/// Refuses what the disk has no room for, as the blob store would.
fn claim(space: Option<&Space>, bytes: usize) -> Result<(), ArtifactError> {
    match space.map_or(Ok(()), |space| space.claim(bytes as u64)) {
        Ok(()) => Ok(()),
        Err(error) => Err(object_store::Error::Generic { store: "folder", source: Box::new(error) }.into()),
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}
