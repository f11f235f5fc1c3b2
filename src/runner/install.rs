//! `install DIR`: copies the runner to where step containers can start it,
//! on nodes without image volumes.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Why the runner could not be copied.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It does not know where it is itself.
    #[error("the runner cannot find its own file")]
    Myself(#[source] std::io::Error),
    /// The copy could not be written.
    #[error("the runner could not be copied to {path}", path = path.display())]
    Copy {
        /// Where to.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Copies this executable to `dir/assay-runner`, mode 0755.
///
/// # Errors
/// When it cannot be read or the copy cannot be written.
pub fn install(dir: &Path) -> Result<PathBuf, InstallError> {
    let myself = std::env::current_exe().map_err(InstallError::Myself)?;
    let path = dir.join("assay-runner");
    let half = dir.join(".assay-runner.tmp");
    let copied = std::fs::create_dir_all(dir)
        .and_then(|()| std::fs::copy(&myself, &half))
        .and_then(|_| std::fs::set_permissions(&half, Permissions::from_mode(0o755)))
        .and_then(|()| std::fs::rename(&half, &path));
    match copied {
        Ok(()) => Ok(path),
        Err(source) => Err(InstallError::Copy { path, source }),
    }
}
