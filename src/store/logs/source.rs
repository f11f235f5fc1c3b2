//! The bytes of a stream, wherever they lie.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
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
    /// Looks; `open` says that it is open already, and whether as an archive.
    pub(super) fn look(path: &Path, open: Option<&bool>) -> io::Result<Self> {
        match (open, std::fs::metadata(path)) {
            // What is open as a file stays open when an archive takes its place.
            (Some(false), Ok(plain)) => Ok(Self { length: plain.len(), source: None }),
            (Some(_), Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { length: Archive::open(&archive_of(path))?.length(), source: None })
            }
            // New, or an archive that a late piece made a file again.
            (None | Some(true), _) => {
                let source = Source::open(path)?;
                Ok(Self { length: source.length()?, source: Some(source) })
            }
            (Some(false), Err(error)) => Err(error),
        }
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
