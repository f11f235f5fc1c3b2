//! Copying files and blobs to a folder.

use std::io;
use std::path::{Path, PathBuf};

use futures::{StreamExt, TryStreamExt};
use object_store::local::LocalFileSystem;
use object_store::path::Path as BlobPath;
use object_store::{ObjectStore, ObjectStoreExt};

use crate::artifact_error::ArtifactError;
use crate::artifacts::FOLDER;
use crate::upload::write;

/// Blobs that are copied at the same time.
const IN_FLIGHT: usize = 8;

/// How a file is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Under a second name where that is possible: for files that never change.
    Link,
    /// As it is now: for files that grow.
    Copy,
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Copied {
    pub(crate) files: u64,
    pub(crate) bytes: u64,
}

/// Copies a folder, if there is one. Blocks.
pub(crate) fn tree(from: &Path, to: &Path, way: Way) -> io::Result<Copied> {
    let mut copied = Copied::default();
    let entries = match std::fs::read_dir(from) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(copied),
        Err(error) => return Err(error),
    };
    std::fs::create_dir_all(to)?;
    for entry in entries {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            let below = tree(&source, &target, way)?;
            copied.files += below.files;
            copied.bytes += below.bytes;
        } else if !is_upload(&source) {
            copied.files += 1;
            copied.bytes += file(&source, &target, way)?;
        }
    }
    Ok(copied)
}

/// Whether a file of the blob store is an upload under way: its name has a sign
/// that the name of a blob never has.
fn is_upload(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains('#'))
}

/// Uploads in the folders of a folder that are under way or were never finished. Blocks.
pub(crate) fn unfinished_uploads(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let folders = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        other => other?,
    };
    for folder in folders {
        let Ok(files) = std::fs::read_dir(folder?.path()) else { continue };
        found.extend(files.flatten().map(|file| file.path()).filter(|path| is_upload(path)));
    }
    Ok(found)
}

fn file(source: &Path, target: &Path, way: Way) -> io::Result<u64> {
    if way == Way::Link && std::fs::hard_link(source, target).is_ok() {
        return Ok(std::fs::metadata(target)?.len());
    }
    std::fs::copy(source, target)
}

/// Copies every blob.
pub(crate) async fn blobs(from: &dyn ObjectStore, to: &LocalFileSystem) -> object_store::Result<Copied> {
    let folder = BlobPath::from(FOLDER);
    let blobs = from.list(Some(&folder));
    let copied = blobs.map_ok(|blob| copy_blob(from, to, blob.location)).try_buffer_unordered(IN_FLIGHT);
    copied
        .try_fold(Copied::default(), async |sum, bytes| Ok(Copied { files: sum.files + 1, bytes: sum.bytes + bytes }))
        .await
}

async fn copy_blob(from: &dyn ObjectStore, to: &LocalFileSystem, blob: BlobPath) -> object_store::Result<u64> {
    let bytes = from.get(&blob).await?.into_stream().map_err(io::Error::other).boxed();
    match write(to, None, &blob, "", bytes).await {
        Ok(written) => Ok(written.size),
        Err(ArtifactError::Blob(error)) => Err(error),
        Err(error) => Err(object_store::Error::Generic { store: "copy", source: Box::new(error) }),
    }
}

/// Runs file work away from the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
