//! How much of the disk a mirror takes.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a mirror is measured while it is being made.
const LOOK: Duration = Duration::from_secs(1);
/// Between two tries to remove a folder in which somebody still writes.
const DYING: Duration = Duration::from_millis(50);
/// So many tries.
const TRIES: u32 = 40;

/// What a folder takes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Space {
    pub(crate) bytes: u64,
    pub(crate) files: usize,
    pub(crate) packs: usize,
}

/// Measures a folder. What vanishes meanwhile does not count.
pub(crate) async fn measure(folder: &Path) -> Space {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || walk(folder)).await.unwrap_or_default()
}

fn walk(folder: PathBuf) -> Space {
    let mut space = Space::default();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() {
                folders.push(entry.path());
                continue;
            }
            space.bytes += about.len();
            space.files += 1;
            space.packs += usize::from(entry.path().extension().is_some_and(|end| end == "pack"));
        }
    }
    space
}

/// Ends when the folder is larger than that.
pub(crate) async fn outgrown(folder: &Path, limit: u64) {
    loop {
        tokio::time::sleep(LOOK).await;
        if measure(folder).await.bytes > limit {
            return;
        }
    }
}

/// Removes a folder; that it is not there is as good.
pub(crate) async fn remove(folder: &Path) {
    for last in (0..TRIES).map(|number| number + 1 == TRIES) {
        match tokio::fs::remove_dir_all(folder).await {
            Ok(()) => return,
            Err(error) if error.kind() == ErrorKind::NotFound && !folder.exists() => return,
            // Processes that were just ended may finish what they are at.
            Err(error) if !last && matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {
                tokio::time::sleep(DYING).await;
            }
            Err(error) => {
                tracing::warn!(folder = %folder.display(), %error, "a mirror cannot be removed");
                return;
            }
        }
    }
}
