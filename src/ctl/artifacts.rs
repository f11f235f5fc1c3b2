//! `assay artifacts`: lists and fetches collected files.

use std::io::Write;
use std::path::Path;

use assay_protocol::rest::ArtifactRecord;
use futures::StreamExt;
use sha2::{Digest, Sha256};

use crate::clock::size;
use crate::exit;
use crate::failure::Failure;
use crate::meant::Place;
use crate::remote::{Remote, Want, encode};
use crate::safe_path::below;
use crate::screen::Screen;
use crate::session::Session;
use crate::table::table;
use crate::terminal::plain;

/// Lists the files.
///
/// # Errors
/// When the execution is not known, or the server not reachable.
pub(crate) async fn list(place: &Place, name: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let records: Vec<ArtifactRecord> = session.remote(name).json("/artifacts").await?;
    if records.is_empty() {
        screen.note(&format!("{name} collected no files."))?;
        return Ok(exit::PASSED);
    }
    let rows = records.iter().map(|record| {
        vec![
            plain(&record.name).into(),
            size(record.size).into(),
            plain(&record.step).into(),
            plain(&record.content_type).into(),
        ]
    });
    screen.data(&table(&["NAME", "SIZE", "STEP", "TYPE"], rows.collect()))?;
    Ok(exit::PASSED)
}

/// Fetches files into a folder.
///
/// # Errors
/// When nothing fits, or a file cannot be fetched or written; the others are fetched all the same.
pub(crate) async fn get(
    place: &Place,
    name: &str,
    paths: &[String],
    folder: &Path,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let remote = session.remote(name);
    let records: Vec<ArtifactRecord> = remote.json("/artifacts").await?;
    for path in paths {
        if !records.iter().any(|record| is_meant(&record.name, path)) {
            return Err(Failure::errored(format!("{name} has no file or folder `{}`", plain(path)))
                .hint(format!("`assay artifacts ls {name}` lists them")));
        }
    }
    let wanted =
        records.iter().filter(|record| paths.is_empty() || paths.iter().any(|path| is_meant(&record.name, path)));
    let (mut fetched, mut failed) = (0u32, 0u32);
    for record in wanted {
        match fetch(&remote, record, folder).await {
            Ok(()) => {
                fetched += 1;
                screen.line(&plain(&record.name))?;
            }
            Err(failure) if failure.code == exit::UNREACHABLE => return Err(failure),
            Err(failure) => {
                failed += 1;
                screen.note(&format!("{}: {failure}", plain(&record.name)))?;
            }
        }
    }
    screen.flush()?;
    screen.note(&format!("{fetched} files in {}", folder.display()))?;
    if failed > 0 {
        return Err(Failure::errored(format!("{failed} files were not fetched")));
    }
    Ok(exit::PASSED)
}

/// A path means the file of that name and the files in the folder of that name.
fn is_meant(name: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Fetches one file beside its place, and puts it there when it is whole.
async fn fetch(remote: &Remote, record: &ArtifactRecord, folder: &Path) -> Result<(), Failure> {
    let target = below(folder, &record.name).map_err(|error| Failure::errored(format!("not written: {error}")))?;
    let parent = target.parent().unwrap_or(folder);
    std::fs::create_dir_all(parent)?;
    let mut answer = remote.open(&format!("/artifacts/{}", encode(&record.name, true)), &Want::media("*/*")).await?;
    let mut partial = target.clone().into_os_string();
    partial.push(format!(".{}.part", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&partial)?;
    let mut digest = Sha256::new();
    let whole = async {
        while let Some(piece) = answer.body.next().await {
            let piece = piece?;
            digest.update(&piece);
            file.write_all(&piece)?;
        }
        let digest: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if digest != record.sha256 {
            return Err(Failure::errored("what came is not what was stored; try again"));
        }
        Ok(())
    }
    .await;
    let placed = match whole {
        Ok(()) => std::fs::rename(&partial, &target).map_err(Failure::from),
        Err(failure) => Err(failure),
    };
    if placed.is_err() {
        // What is left of an unfinished file is of no use; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(&partial);
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_file_or_a_folder() {
        for (name, path, expected) in [
            ("a/b.txt", "a/b.txt", true),
            ("a/b.txt", "a", true),
            ("a/b.txt", "a/", true),
            ("ab/c.txt", "a", false),
            ("a", "a/b", false),
        ] {
            assert_eq!(is_meant(name, path), expected, "{name} {path}");
        }
    }
}
