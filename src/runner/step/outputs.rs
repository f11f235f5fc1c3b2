//! What an attempt gives to later steps: files in a folder of its own, whose
//! names are the keys. A step can put anything there, so nothing is believed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use assay_protocol::control::{OUTPUT_BYTES, OUTPUT_KEYS};
use rustix::fs::{CWD, Dir, Mode, OFlags, openat};

use super::mask::Patterns;
use crate::control_dir::open_dir;

/// Entries of the folder that are looked at.
const ENTRIES: usize = 1000;
/// Sentences about what was left out.
const NOTES: usize = 10;
/// Characters of a name that people are shown.
const SHOWN: usize = 64;

/// The folder of one attempt; it goes away with this.
#[derive(Debug)]
pub(super) struct OutputsDir(PathBuf);

/// What was found in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outputs {
    /// By key, masked.
    pub(super) values: BTreeMap<String, String>,
    /// What is to be said about what was left out.
    pub(super) notes: Vec<String>,
}

impl OutputsDir {
    /// Makes the folder, empty.
    pub(super) fn make(path: PathBuf) -> io::Result<Self> {
        if path.symlink_metadata().is_ok() {
            std::fs::remove_dir_all(&path)?;
        }
        open_dir(&path)?;
        Ok(Self(path))
    }

    /// Reads what the ended attempt left.
    pub(super) fn take(self, patterns: &Patterns) -> Outputs {
        let mut outputs = Outputs::default();
        let mut left_out = Vec::new();
        match self.entries() {
            Ok((dir, names)) => {
                for name in names {
                    match read(&dir, &name, outputs.values.len()) {
                        Ok(bytes) => outputs.add(name, &bytes, patterns),
                        Err(why) => left_out.push(format!("the output {} was left out: {why}", shown(&name))),
                    }
                }
            }
            Err(error) => left_out.push(format!("the outputs could not be read: {error}")),
        }
        let more = left_out.len().saturating_sub(NOTES);
        left_out.truncate(NOTES);
        outputs.notes.extend(left_out.iter().map(|note| patterns.masked_text(note)));
        if more > 0 {
            outputs.notes.push(format!("{more} more outputs were left out"));
        }
        outputs
    }

    /// The names in the folder, in order.
    fn entries(&self) -> io::Result<(OwnedFd, Vec<String>)> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let dir = openat(CWD, &self.0, flags, Mode::empty())?;
        let found = Dir::read_from(&dir)?.take(ENTRIES).filter_map(Result::ok);
        let names = found.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name != "." && name != "..").collect();
        names.sort();
        Ok((dir, names))
    }
}

impl Drop for OutputsDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Outputs {
    fn add(&mut self, name: String, bytes: &[u8], patterns: &Patterns) {
        let masked = patterns.masked(bytes);
        if masked != bytes {
            self.notes.push(format!("the output {name} holds a secret, which later steps see as ***"));
        }
        self.values.insert(name, String::from_utf8_lossy(&masked).into_owned());
    }
}

fn read(dir: &OwnedFd, name: &str, known: usize) -> Result<Vec<u8>, String> {
    if !is_key(name) {
        return Err("a name has letters, digits and _, and begins with no digit".to_owned());
    }
    if known >= OUTPUT_KEYS {
        return Err(format!("a step gives at most {OUTPUT_KEYS}"));
    }
    // Not a link, and not a pipe that would never answer.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(dir, name, flags, Mode::empty()).map_err(|error| error.to_string())?);
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err("it is not a regular file".to_owned());
    }
    let mut bytes = Vec::new();
    let longest = u64::try_from(OUTPUT_BYTES + 3).expect("a small number");
    file.take(longest).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    if bytes.len() > OUTPUT_BYTES {
        return Err(format!("it is longer than {OUTPUT_BYTES} bytes; keep long texts in files of the workspace"));
    }
    if std::str::from_utf8(&bytes).is_err() || bytes.contains(&0) {
        return Err("it is not text".to_owned());
    }
    Ok(bytes)
}

/// `[A-Za-z_][A-Za-z0-9_]*`
fn is_key(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(inside) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn shown(name: &str) -> String {
    let mut start: String = name.chars().take(SHOWN).collect();
    if start.len() < name.len() {
        start.push('…');
    }
    format!("{start:?}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::*;

    fn taken(fill: impl FnOnce(&Path), patterns: &Patterns) -> Outputs {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("outputs-0-1");
        let outputs = OutputsDir::make(path.clone()).expect("a folder");
        fill(&outputs.0);
        let taken = outputs.take(patterns);
        assert!(!path.exists(), "it is cleared away");
        taken
    }

    #[test]
    fn texts_are_trimmed_and_masked() {
        let patterns = Patterns::new([b"hunter22".to_vec()]);
        let outputs = taken(
            |dir| {
                std::fs::write(dir.join("url"), "http://x\n").expect("a file");
                std::fs::write(dir.join("lines"), "a\nb\r\n").expect("a file");
                std::fs::write(dir.join("_k1"), "pw=hunter22").expect("a file");
                std::fs::write(dir.join("empty"), "").expect("a file");
                std::fs::write(dir.join("long"), "x".repeat(OUTPUT_BYTES) + "\n").expect("a file");
            },
            &patterns,
        );
        let of = |key: &str| outputs.values[key].as_str();
        assert_eq!((of("url"), of("lines"), of("_k1"), of("empty")), ("http://x", "a\nb", "pw=***", ""));
        assert_eq!(of("long").len(), OUTPUT_BYTES);
        assert_eq!(outputs.notes, ["the output _k1 holds a secret, which later steps see as ***"]);
    }

    #[test]
    fn what_is_no_output_is_named_and_left_out() {
        let outputs = taken(
            |dir| {
                std::fs::write(dir.join("1st"), "x").expect("a file");
                std::fs::write(dir.join("with-dash"), "x").expect("a file");
                std::fs::write(dir.join("long"), "x".repeat(OUTPUT_BYTES + 1)).expect("a file");
                std::fs::write(dir.join("binary"), [0xff]).expect("a file");
                std::fs::create_dir_all(dir.join("folder/deep")).expect("folders");
                symlink("/etc/passwd", dir.join("link")).expect("a link");
                rustix::fs::mknodat(CWD, dir.join("pipe"), rustix::fs::FileType::Fifo, Mode::RWXU, 0).expect("a pipe");
            },
            &Patterns::default(),
        );
        assert!(outputs.values.is_empty(), "{outputs:?}");
        assert_eq!(outputs.notes.len(), 7, "{outputs:?}");
        assert!(outputs.notes.iter().any(|note| note.contains("\"long\"") && note.contains("longer than 4096 bytes")));
        assert!(outputs.notes.iter().any(|note| note.contains("\"with-dash\"") && note.contains("letters")));
    }

    #[test]
    fn there_is_an_end_to_them() {
        let fill = |dir: &Path| {
            for number in 0..2000 {
                std::fs::write(dir.join(format!("k{number:04}")), "x").expect("a file");
            }
        };
        let outputs = taken(fill, &Patterns::default());
        assert_eq!((outputs.values.len(), outputs.notes.len()), (OUTPUT_KEYS, NOTES + 1));
        let replaced = |dir: &Path| {
            std::fs::remove_dir(dir).expect("it is empty");
            symlink("/etc", dir).expect("a link");
        };
        let outputs = taken(replaced, &Patterns::default());
        assert!(outputs.values.is_empty() && outputs.notes.len() == 1, "{outputs:?}");
    }
}
