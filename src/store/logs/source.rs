//! The bytes of a stream, wherever they lie.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::archive::Archive;

/// A stream that is open for reading.
#[derive(Debug)]
pub(super) enum Source {
    /// As it was appended.
    Plain(File),
    /// Compressed.
    Packed(Archive),
}

impl Source {
    /// Opens the log at `path`, else its archive.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        match File::open(path) {
            Ok(file) => Ok(Self::Plain(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Archive::open(&archive_of(path)).map(Self::Packed),
            Err(error) => Err(error),
        }
    }

    /// Whether it is what would be opened at `path`, or an archive took its place,
    /// which has the same bytes.
    fn is_current(&self, path: &Path) -> io::Result<bool> {
        match (self, std::fs::metadata(path)) {
            (Self::Plain(file), Ok(there)) => Ok(file.metadata()?.ino() == there.ino()),
            (Self::Packed(_), Ok(_)) => Ok(false),
            (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            (_, Err(error)) => Err(error),
        }
    }

    /// Bytes that it holds now.
    pub(super) fn length(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len()),
            Self::Packed(archive) => Ok(archive.length()),
        }
    }

    /// Reads some bytes from `offset` on; none at the end.
    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self {
            Self::Plain(file) => file.read_at(buffer, offset),
            Self::Packed(archive) => archive.read_at(buffer, offset),
        }
    }
}

/// What a look at a stream found.
#[derive(Debug)]
pub(super) struct Found {
    /// Bytes that it holds now.
    pub(super) length: u64,
    /// The stream, unless it is open already and can go on.
    pub(super) source: Option<Source>,
}

impl Found {
    /// Looks; `open` is the stream as it is open already.
    pub(super) fn look(path: &Path, open: Option<&Source>) -> io::Result<Self> {
        let source = match open {
            Some(open) if open.is_current(path)? => None,
            // New; or an archive that a late piece made a file again.
            _ => Some(Source::open(path)?),
        };
        let length = source.as_ref().or(open).map_or(Ok(0), Source::length)?;
        Ok(Self { length, source })
    }
}

/// The place of a log's archive.
pub(super) fn archive_of(path: &Path) -> PathBuf {
    path.with_extension(PACKED)
}

/// How the name of an archive ends; that of a log ends in [`PLAIN`].
pub(super) const PACKED: &str = "packed";
/// How the name of a log ends that is not archived.
pub(super) const PLAIN: &str = "frames";
