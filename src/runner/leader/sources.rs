//! Opening what step containers collected. A step container can write any
//! path into its done file, also that of the leader's token; so only files
//! below the workspace and the folders of copies are opened, and no link is
//! followed on the way.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

/// The folders from which files may be taken.
#[derive(Clone, Debug)]
pub(crate) struct Sources(Vec<PathBuf>);

impl Sources {
    pub(crate) fn new(roots: Vec<PathBuf>) -> Self {
        Self(roots)
    }

    /// Opens a collected file.
    pub(crate) fn open(&self, source: &str) -> io::Result<File> {
        let path = Path::new(source);
        let inside = self.0.iter().find_map(|root| Some((root, path.strip_prefix(root).ok()?)));
        let (root, below) = inside.ok_or_else(|| io::Error::other("it lies outside of what may be collected"))?;
        if !below.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(io::Error::other("its path is not plain"));
        }
        let file = open_below(root, below)?;
        if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a regular file")) }
    }
}

fn open_below(root: &Path, below: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let dir = openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    match openat2(&dir, below, flags, Mode::empty(), resolve) {
        Ok(file) => Ok(file.into()),
        // Old kernels and seccomp profiles: one component after the other, which says the same.
        Err(Errno::NOSYS | Errno::PERM) => {
            let mut at = dir;
            let parts: Vec<_> = below.components().collect();
            for (position, part) in parts.iter().enumerate() {
                let more = if position + 1 < parts.len() { OFlags::DIRECTORY } else { flags };
                at = openat(&at, part.as_os_str(), more | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
            }
            Ok(at.into())
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_files_below_the_roots_are_opened() {
        let dir = tempfile::tempdir().expect("a folder");
        let root = dir.path().join("data");
        std::fs::create_dir_all(root.join("sub")).expect("folders");
        std::fs::write(root.join("sub/report.xml"), "x").expect("a file");
        std::fs::write(dir.path().join("token"), "secret").expect("a file");
        std::os::unix::fs::symlink(dir.path().join("token"), root.join("link")).expect("a link");
        std::os::unix::fs::symlink(dir.path(), root.join("up")).expect("a link");
        let sources = Sources::new(vec![root.clone()]);
        let open = |path: PathBuf| sources.open(path.to_str().expect("text"));
        assert!(open(root.join("sub/report.xml")).is_ok());
        let bad = [
            root.join("link"),
            root.join("up/token"),
            root.join("../token"),
            dir.path().join("token"),
            root.join("sub"),
        ];
        for path in bad {
            assert!(open(path.clone()).is_err(), "{}", path.display());
        }
    }
}
