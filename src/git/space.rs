//! How much of the disk a mirror takes.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a mirror is measured while it is being made.
const LOOK: Duration = Duration::from_secs(1);

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
    if let Err(error) = tokio::fs::remove_dir_all(folder).await
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(folder = %folder.display(), %error, "a mirror cannot be removed");
    }
}
