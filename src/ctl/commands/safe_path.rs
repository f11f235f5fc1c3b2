//! Names of artifacts were chosen by the code under test. They are never
//! trusted as paths.

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Why a name is not written to.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnsafeName {
    /// Nothing would be left of it.
    #[error("the name is empty")]
    Empty,
    /// It would leave the folder.
    #[error("the name is absolute or has `..` in it")]
    Escapes,
    /// It has characters that some file system or terminal would obey.
    #[error("the name has a control character or a backslash in it")]
    Character,
    /// A link in the folder would lead elsewhere.
    #[error("{} is a link", .0.display())]
    Link(PathBuf),
}

/// Where below `folder` an artifact of this name is put.
///
/// # Errors
/// When the name would lead elsewhere.
pub(crate) fn below(folder: &Path, name: &str) -> Result<PathBuf, UnsafeName> {
    if name.chars().any(|c| c.is_control() || c == '\\') {
        return Err(UnsafeName::Character);
    }
    // Two dots and drive letters are refused on every system, whatever its own path rules.
    if name.starts_with('/') || name.split('/').any(|part| part == "..") || has_drive(name) {
        return Err(UnsafeName::Escapes);
    }
    let mut path = PathBuf::new();
    for component in Path::new(name).components() {
        match component {
            Component::Normal(part) if part != OsStr::new("") => path.push(part),
            Component::Normal(_) | Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(UnsafeName::Escapes),
        }
    }
    if path.as_os_str().is_empty() {
        return Err(UnsafeName::Empty);
    }
    refuse_links(folder, &path)?;
    Ok(folder.join(path))
}

fn has_drive(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':'
}

/// An earlier artifact cannot be a link (only files are written), but the folder may hold some.
fn refuse_links(folder: &Path, path: &Path) -> Result<(), UnsafeName> {
    let mut walked = folder.to_owned();
    for part in path.components() {
        walked.push(part);
        if walked.symlink_metadata().is_ok_and(|metadata| metadata.file_type().is_symlink()) {
            return Err(UnsafeName::Link(walked));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_below_the_folder() {
        let folder = Path::new("/nonexistent/out");
        for (name, expected) in [
            ("report.xml", Ok("report.xml")),
            ("a/b/c.txt", Ok("a/b/c.txt")),
            ("./a//b/.", Ok("a/b")),
            ("..a/b..", Ok("..a/b..")),
            ("ä ö.txt", Ok("ä ö.txt")),
            ("", Err(UnsafeName::Empty)),
            (".", Err(UnsafeName::Empty)),
            ("..", Err(UnsafeName::Escapes)),
            ("../x", Err(UnsafeName::Escapes)),
            ("a/../../x", Err(UnsafeName::Escapes)),
            ("a/..", Err(UnsafeName::Escapes)),
            ("/etc/passwd", Err(UnsafeName::Escapes)),
            ("//x", Err(UnsafeName::Escapes)),
            ("C:/x", Err(UnsafeName::Escapes)),
            ("..\\x", Err(UnsafeName::Character)),
            ("a\0b", Err(UnsafeName::Character)),
            ("a\nb", Err(UnsafeName::Character)),
            ("a\x1b[2Jb", Err(UnsafeName::Character)),
        ] {
            assert_eq!(below(folder, name), expected.map(|path| folder.join(path)), "{name:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        std::os::unix::fs::symlink("/tmp", folder.path().join("link")).expect("a link");
        assert!(matches!(below(folder.path(), "link/x"), Err(UnsafeName::Link(_))));
        assert!(matches!(below(folder.path(), "link"), Err(UnsafeName::Link(_))));
    }
}
