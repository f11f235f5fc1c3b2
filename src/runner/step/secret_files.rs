//! Texts of mounted secrets: files, and folders of files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest file that is masked.
const FILE_BYTES: u64 = 64 * 1024;
/// Of all files together.
const ALL_BYTES: usize = 128 * 1024;
/// Entries that are looked at.
const ENTRIES: usize = 2000;
/// Folders within folders.
const DEPTH: usize = 4;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct SecretFiles {
    /// Texts by the path of their file.
    pub(super) texts: Vec<(String, Vec<u8>)>,
    /// Sentences about what is not masked.
    pub(super) warnings: Vec<String>,
}

/// Reads the files; what is not there, or may not be read, cannot be shown either.
pub(super) fn read(paths: &[String]) -> SecretFiles {
    let mut files = SecretFiles::default();
    let (mut left, mut visited) = (ALL_BYTES, 0);
    let mut pending: Vec<(PathBuf, usize)> = paths.iter().rev().map(|path| (path.into(), 0)).collect();
    while let Some((path, depth)) = pending.pop() {
        visited += 1;
        // Mounts of Secrets are full of links, so these are followed.
        let Ok(metadata) = path.metadata() else { continue };
        if metadata.is_dir() && depth < DEPTH && visited < ENTRIES {
            pending.extend(entries(&path).into_iter().rev().map(|entry| (entry, depth + 1)));
        } else if metadata.is_file() {
            files.add(&path, &mut left);
        }
    }
    files
}

/// The kubelet's own folders begin with two dots; what they hold is linked beside them.
fn entries(dir: &Path) -> Vec<PathBuf> {
    let found = std::fs::read_dir(dir).into_iter().flatten().flatten().take(ENTRIES);
    let own = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".."));
    let mut paths: Vec<PathBuf> = found.map(|entry| entry.path()).filter(|path| !own(path)).collect();
    paths.sort();
    paths
}

impl SecretFiles {
    fn add(&mut self, path: &Path, left: &mut usize) {
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut text));
        if read.is_err() {
            return;
        }
        let name = path.display().to_string();
        if text.len() as u64 > FILE_BYTES {
            self.warnings.push(format!("the secret {name} is longer than {} KiB and is not masked", FILE_BYTES / 1024));
        } else if text.len() > *left {
            self.warnings.push(format!("the secrets are too much for this container: {name} is not masked"));
        } else {
            *left -= text.len();
            self.texts.push((name, text));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_mount_is_read_once_and_within_bounds() {
        let dir = tempfile::tempdir().expect("a folder");
        let data = dir.path().join("..2026_01_01");
        std::fs::create_dir_all(data.join("sub")).expect("folders");
        std::fs::write(data.join("key"), "one").expect("a file");
        std::fs::write(data.join("sub/deep"), "two").expect("a file");
        symlink("..2026_01_01", dir.path().join("..data")).expect("a link");
        symlink("..data/key", dir.path().join("key")).expect("a link");
        symlink("..data/sub", dir.path().join("sub")).expect("a link");
        symlink(".", dir.path().join("loop")).expect("a link");
        std::fs::write(dir.path().join("large"), vec![b'x'; 65 * 1024]).expect("a file");
        let paths = [dir.path().join("key"), dir.path().join("absent"), dir.path().join("sub")];
        let files = read(&paths.map(|path| path.display().to_string()));
        let texts: Vec<&[u8]> = files.texts.iter().map(|(_, text)| text.as_slice()).collect();
        assert_eq!(texts, [b"one", b"two"]);
        let files = read(&[dir.path().display().to_string()]);
        assert!(files.texts.iter().any(|(_, text)| text == b"two") && files.texts.len() < 20);
        assert!(files.warnings.iter().any(|warning| warning.contains("longer than 64 KiB")), "{:?}", files.warnings);
    }

    #[test]
    fn more_than_can_be_masked_is_told() {
        let dir = tempfile::tempdir().expect("a folder");
        for name in ["a", "b", "c"] {
            std::fs::write(dir.path().join(name), vec![b'x'; 60 * 1024]).expect("a file");
        }
        let files = read(&[dir.path().display().to_string()]);
        assert_eq!((files.texts.len(), files.warnings.len()), (2, 1));
    }
}
