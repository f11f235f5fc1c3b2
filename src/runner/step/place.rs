//! Writing a file below a folder, whatever somebody has put there: no link
//! leads out of it, and the file appears whole or not at all.

use std::ffi::OsStr;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, mkdirat, openat, openat2, renameat, unlinkat};
use rustix::io::Errno;

/// Under which name a file is written before it takes its place.
const HALF: &str = ".assay-file.tmp";
const FOLDER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Writes the file at `path`, which must lie below `root`; missing folders are made.
pub(super) fn write(
    root: &Path,
    path: &Path,
    mode: u32,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let outside = || io::Error::other(format!("it lies outside of the workspace {}", root.display()));
    let below = path.strip_prefix(root).map_err(|_| outside())?;
    if !below.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(outside());
    }
    let name = below.file_name().ok_or_else(outside)?;
    let dir = open_folder(root, below.parent().unwrap_or(Path::new("")))?;
    let _ = unlinkat(&dir, HALF, AtFlags::empty());
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut half = File::from(openat(&dir, HALF, flags, Mode::RUSR | Mode::WUSR)?);
    let placed = fill(&mut half)
        .and_then(|()| half.set_permissions(Permissions::from_mode(mode & 0o7777)))
        .and_then(|()| Ok(renameat(&dir, HALF, &dir, name)?));
    if placed.is_err() {
        let _ = unlinkat(&dir, HALF, AtFlags::empty());
    }
    placed
}

/// Makes the folder at `path`: below `root` as a file's folder is made, elsewhere as anybody would.
pub(super) fn make_folder(root: &Path, path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    match path.strip_prefix(root) {
        Ok(below) if below.components().all(|part| matches!(part, Component::Normal(_))) => {
            open_folder(root, below).map(drop)
        }
        _ => std::fs::create_dir_all(path),
    }
}

/// The folder below `root`, made where it is missing.
fn open_folder(root: &Path, below: &Path) -> io::Result<OwnedFd> {
    let base = openat(CWD, root, FOLDER, Mode::empty())?;
    let mut at = base.try_clone()?;
    let mut walked = PathBuf::new();
    for part in below {
        let parent = at;
        walked.push(part);
        at = match open_below(&base, &parent, &walked, part) {
            Err(Errno::NOENT) => make(&parent, part)?,
            Err(Errno::XDEV | Errno::LOOP) => {
                let link = root.join(&walked);
                return Err(io::Error::other(format!("the link {} leads outside of the workspace", link.display())));
            }
            opened => opened?,
        };
    }
    Ok(at)
}

/// Opens a folder by its whole path, so that links are followed only as long as they stay below `base`.
fn open_below(base: &OwnedFd, parent: &OwnedFd, walked: &Path, part: &OsStr) -> Result<OwnedFd, Errno> {
    match openat2(base, walked, FOLDER, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS) {
        // Old kernels and seccomp profiles: no link at all is followed.
        Err(Errno::NOSYS | Errno::PERM) => openat(parent, part, FOLDER | OFlags::NOFOLLOW, Mode::empty()),
        opened => opened,
    }
}

/// Makes a folder in which every user may work: steps of other containers may be other users.
fn make(parent: impl AsFd, name: &OsStr) -> io::Result<OwnedFd> {
    match mkdirat(&parent, name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let made = File::from(openat(&parent, name, flags, Mode::empty())?);
    // The mask of the process took bits away.
    made.set_permissions(Permissions::from_mode(0o777))?;
    Ok(made.into())
}
