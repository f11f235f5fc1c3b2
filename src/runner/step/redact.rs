//! Test reports with secrets in them. The failures that a report lists are
//! shown in places where its file is not: in the status, in messages, in the
//! record. Who reads reports is the leader, and it must not know any secret;
//! who knows them is the container that was given them. So this end looks into
//! what it collects, and gives the leader a masked copy to read. The file
//! itself is an artifact and stays as it is.
//!
//! What another container wrote is masked by what this one knows, as all
//! output is: collect a report in the step that writes it.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use assay_protocol::control::Collected;
use assay_report::parse;

use super::mask::{Masker, Patterns};
use crate::control_dir::open_plain;

const CHUNK: usize = 64 * 1024;

/// Gives every report with secrets in it a masked copy in `out`, whose names
/// are numbers from `next` on. Answers what is to be told.
pub(super) fn redact(files: &mut [Collected], patterns: &Patterns, out: &Path, next: &mut u32) -> Vec<String> {
    let mut notes = Vec::new();
    if patterns.is_empty() {
        return notes;
    }
    for file in files {
        let copy = out.join(next.to_string());
        match masked_copy(file, patterns, &copy) {
            Ok(true) => {
                *next += 1;
                file.masked = Some(copy.display().to_string());
            }
            Ok(false) => {}
            Err(error) => {
                // A name that leads nowhere, so that nobody reads the file itself.
                file.masked = Some(String::new());
                notes.push(format!("report {} is not read, because it could not be masked: {error}", file.name));
            }
        }
    }
    notes
}

/// Writes the copy; false when the file is no report, or has no secret in it.
fn masked_copy(file: &Collected, patterns: &Patterns, copy: &Path) -> io::Result<bool> {
    // Who cannot read it here can leave it to the leader: so can nobody else.
    let Ok(mut source) = open_plain(Path::new(&file.source)) else { return Ok(false) };
    let mut head = Vec::new();
    Read::by_ref(&mut source).take(parse::HEAD as u64).read_to_end(&mut head)?;
    if parse::detect_named(&head, &file.name).is_none() {
        return Ok(false);
    }
    let written = write_masked(head.as_slice().chain(source), patterns, copy);
    // What stands for a secret is shorter than any secret.
    let shorter = written.as_ref().is_ok_and(|(read, kept)| kept < read);
    if !shorter {
        let _ = std::fs::remove_file(copy);
    }
    written.map(|_| shorter)
}

/// Answers how many bytes were read, and how many are left of them.
fn write_masked(mut source: impl Read, patterns: &Patterns, copy: &Path) -> io::Result<(u64, u64)> {
    let _ = std::fs::remove_file(copy);
    let mut target = File::create_new(copy)?;
    target.set_permissions(Permissions::from_mode(0o644))?;
    let (mut masker, mut chunk, mut shown) = (Masker::default(), vec![0; CHUNK], Vec::new());
    let (mut read, mut kept) = (0, 0);
    loop {
        let length = source.read(&mut chunk)?;
        shown.clear();
        if length == 0 {
            masker.finish(patterns, &mut shown);
        } else {
            masker.push(patterns, &chunk[..length], &mut shown);
        }
        target.write_all(&shown)?;
        read += length as u64;
        kept += shown.len() as u64;
        if length == 0 {
            return Ok((read, kept));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reports_with_secrets_are_copied() {
        let dir = tempfile::tempdir().expect("a folder");
        let texts = [
            ("secret.xml", "<testsuite name='s'><testcase name='hunter22'/></testsuite>"),
            ("clean.xml", "<testsuite name='s'><testcase name='a'/></testsuite>"),
            ("notes.txt", "hunter22 is no report"),
        ];
        let mut files: Vec<Collected> = Vec::new();
        for (name, text) in texts {
            let source = dir.path().join(name);
            std::fs::write(&source, text).expect("a file");
            let source = source.display().to_string();
            files.push(Collected { name: name.into(), source, size: text.len() as u64, masked: None });
        }
        let patterns = Patterns::new([b"hunter22".to_vec()]);
        let mut next = 7;
        assert_eq!(redact(&mut files, &patterns, dir.path(), &mut next), [""; 0]);
        let copy = files[0].masked.clone().expect("a copy");
        assert_eq!(std::fs::read_to_string(copy).expect("text"), texts[0].1.replace("hunter22", "***"));
        assert_eq!((files[1].masked.as_ref(), files[2].masked.as_ref(), next), (None, None, 8));
        assert!(!dir.path().join("8").exists());

        let nowhere = dir.path().join("absent");
        let notes = redact(&mut files[..1], &patterns, &nowhere, &mut next);
        assert!(notes[0].contains("secret.xml is not read"), "{notes:?}");
        assert_eq!(files[0].masked.as_deref(), Some(""));
    }
}
