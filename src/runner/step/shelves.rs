//! Where the leader finds collected files: in the workspace, which it sees, or
//! in a folder of copies.

use std::collections::HashMap;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::control_dir::open_plain;

/// Bytes that are copied for one attempt; what lies in the workspace needs no copy.
const COPIES: u64 = 4 * 1024 * 1024 * 1024;

/// Where files may stay and where copies go.
#[derive(Debug)]
pub(super) struct Shelves<'a> {
    /// Files below it are visible to the leader.
    workspace: &'a Path,
    /// Copies of all others.
    out: &'a Path,
    /// Number of the next copy.
    next: &'a mut u32,
    /// Bytes that may still be copied.
    left: u64,
    folders: HashMap<PathBuf, Folder>,
}

/// What is known of a folder.
#[derive(Clone, Debug)]
struct Folder {
    real: PathBuf,
    /// The leader, who is another user, can reach its files.
    open: bool,
}

impl<'a> Shelves<'a> {
    pub(super) fn new(workspace: &'a Path, out: &'a Path, next: &'a mut u32) -> Self {
        Self { workspace, out, next, left: COPIES, folders: HashMap::new() }
    }

    pub(super) fn workspace(&self) -> &Path {
        self.workspace
    }

    /// Where the leader finds the file, and how long it is; at most `limit` bytes.
    ///
    /// # Errors
    /// Why it cannot be kept, for people.
    pub(super) fn place(&mut self, path: &Path, limit: u64) -> Result<(String, u64), String> {
        let (real, folder) = self.real_path(path).map_err(|error| error.to_string())?;
        let metadata = real.symlink_metadata().map_err(|error| error.to_string())?;
        if metadata.len() > limit {
            return Err("the files of this step are too large together".to_owned());
        }
        let everybody = metadata.permissions().mode() & 0o004 != 0;
        if folder.open
            && everybody
            && let Some(place) = real.to_str()
        {
            return Ok((place.to_owned(), metadata.len()));
        }
        self.copy(&real, &metadata)
    }

    /// The file itself, named as the leader names the workspace, and its folder.
    fn real_path(&mut self, path: &Path) -> io::Result<(PathBuf, Folder)> {
        let resolved = if path.is_symlink() { path.canonicalize()? } else { path.to_owned() };
        let (Some(parent), Some(name)) = (resolved.parent(), resolved.file_name()) else {
            return Err(io::Error::other("not a file"));
        };
        if let Some(folder) = self.folders.get(parent) {
            return Ok((folder.real.join(name), folder.clone()));
        }
        let (real, workspace) = (parent.canonicalize()?, self.workspace.canonicalize()?);
        let folder = match real.strip_prefix(&workspace) {
            Ok(below) => Folder { open: is_open(&workspace, &real), real: self.workspace.join(below) },
            Err(_) => Folder { open: false, real },
        };
        self.folders.insert(parent.to_owned(), folder.clone());
        Ok((folder.real.join(name), folder))
    }

    /// Gives the file a number in the folder of copies: as a second name where
    /// both are on one volume, otherwise byte by byte, by the kernel.
    fn copy(&mut self, real: &Path, metadata: &Metadata) -> Result<(String, u64), String> {
        let copy = self.out.join(self.next.to_string());
        let everybody = metadata.permissions().mode() & 0o004 != 0;
        let _ = std::fs::remove_file(&copy);
        if everybody && metadata.is_file() && std::fs::hard_link(real, &copy).is_ok() {
            *self.next += 1;
            return Ok((copy.display().to_string(), metadata.len()));
        }
        if metadata.len() > self.left {
            let gib = COPIES / 1024 / 1024 / 1024;
            return Err(format!("files that must be copied, as they are not in the workspace, have at most {gib} GiB"));
        }
        let copied = open_plain(real).and_then(|source| copy_open(source, &copy, self.left));
        let size = copied.map_err(|error| {
            let _ = std::fs::remove_file(&copy);
            error.to_string()
        })?;
        *self.next += 1;
        self.left -= size;
        Ok((copy.display().to_string(), size))
    }
}

fn copy_open(source: File, copy: &Path, limit: u64) -> io::Result<u64> {
    let mut target = File::create(copy)?;
    target.set_permissions(Permissions::from_mode(0o644))?;
    io::copy(&mut source.take(limit), &mut target)
}

/// Whether every user may pass through the folders between the workspace and this one.
fn is_open(workspace: &Path, folder: &Path) -> bool {
    let passable = |path: &Path| path.metadata().is_ok_and(|it| it.permissions().mode() & 0o001 != 0);
    folder.ancestors().take_while(|dir| dir.starts_with(workspace) && *dir != workspace).all(passable)
}
