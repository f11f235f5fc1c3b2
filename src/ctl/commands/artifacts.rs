//! `assay artifacts`: lists and fetches collected files.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use assay_cluster::ProxyAnswer;
use assay_protocol::rest::ArtifactRecord;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use futures::StreamExt;
use sha2::{Digest, Sha256};

use crate::commands::safe_path::below;
use crate::exit;
use crate::failure::Failure;
use crate::output::clock::size;
use crate::output::screen::Screen;
use crate::output::table::table;
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::again::{Patience, again};
use crate::remote::server::{Remote, RemoteError, Want, encode};
use crate::remote::session::Session;
use crate::remote::which::Which;

/// What can be done with collected files.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum Artifacts {
    /// Lists collected files.
    #[command(alias = "list")]
    Ls(List),
    /// Fetches collected files.
    Get(Fetch),
}

/// Arguments of `artifacts ls`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(crate) struct List {
    #[command(flatten)]
    which: Which,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    output: ListOutput,
}

/// Forms of `artifacts ls`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ListOutput {
    /// For people.
    #[default]
    Table,
    /// As the server has it.
    Json,
    /// The names, one a line.
    Name,
}

/// Arguments of `artifacts get`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(crate) struct Fetch {
    #[command(flatten)]
    which: Which,
    /// Files or folders to fetch; without any, all. With `--workflow` write `@latest` before them.
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Folder into which they are put.
    #[arg(short, long, default_value = ".")]
    directory: PathBuf,
}

/// Lists or fetches.
///
/// # Errors
/// When the execution is not known, or the server not reachable.
pub(crate) async fn artifacts(place: &Place, task: Artifacts, screen: &mut Screen) -> Result<u8, Failure> {
    match task {
        Artifacts::Ls(task) => list(place, task, screen).await,
        Artifacts::Get(task) => get(place, task, screen).await,
    }
}

async fn records(
    session: &Session,
    remote: &Remote,
    name: &str,
    screen: &mut Screen,
) -> Result<Vec<ArtifactRecord>, Failure> {
    match again(screen, async || remote.json("/artifacts").await).await {
        Ok(records) => Ok(records),
        Err(error @ RemoteError::Absent(_)) => {
            // A misspelt name gets its hint.
            session.execution(name).await?;
            Err(error.into())
        }
        Err(error) => Err(error.into()),
    }
}

async fn list(place: &Place, task: List, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let records = records(&session, &session.remote(&name), &name, screen).await?;
    if records.is_empty() && task.output == ListOutput::Table {
        screen.note(&format!("{name} collected no files."))?;
        return Ok(exit::PASSED);
    }
    let text = match task.output {
        ListOutput::Table => rows(&records),
        ListOutput::Name => records.iter().map(|record| format!("{}\n", plain(&record.name))).collect(),
        ListOutput::Json => crate::output::yaml::of_object(&records, true)?,
    };
    screen.data(&text)?;
    Ok(exit::PASSED)
}

fn rows(records: &[ArtifactRecord]) -> String {
    let rows = records.iter().map(|record| {
        vec![
            plain(&record.name).into(),
            size(record.size).into(),
            plain(&record.step).into(),
            plain(&record.content_type).into(),
        ]
    });
    table(&["NAME", "SIZE", "STEP", "TYPE"], rows.collect())
}

/// Fetches files into a folder; one that fails does not hold up the others.
async fn get(place: &Place, task: Fetch, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let remote = session.remote(&name);
    let records = records(&session, &remote, &name, screen).await?;
    for path in &task.paths {
        if !records.iter().any(|record| is_meant(&record.name, path)) {
            let names = records.iter().map(|record| record.name.as_str());
            let failure = Failure::errored(format!("{name} has no file or folder `{}`", plain(path)));
            return Err(match assay_expr::closest(path, names) {
                Some(closest) => failure.hint(format!("did you mean `{}`?", plain(closest))),
                None => failure.hint(format!("`{} artifacts ls {name}` lists them", called())),
            });
        }
    }
    let meant =
        |record: &&ArtifactRecord| task.paths.is_empty() || task.paths.iter().any(|path| is_meant(&record.name, path));
    let wanted: Vec<&ArtifactRecord> = records.iter().filter(meant).collect();
    refuse_clash(&wanted, &name)?;
    let (mut fetched, mut failed) = (0u32, 0u32);
    let mut patience = Patience::default();
    for record in wanted {
        let opened =
            async |tail: String| patience.ask(screen, async || remote.open(&tail, &Want::media("*/*")).await).await;
        match fetch(record, &task.directory, opened).await {
            Ok(()) => {
                fetched += 1;
                screen.line(&plain(&record.name))?;
            }
            Err(failure) if failure.code == exit::UNREACHABLE || failure.message.is_empty() => return Err(failure),
            Err(failure) => {
                failed += 1;
                screen.note(&format!("{}: {failure}", plain(&record.name)))?;
            }
        }
    }
    screen.flush()?;
    screen.note(&format!("{fetched} files in {}", task.directory.display()))?;
    if failed > 0 {
        return Err(Failure::errored(format!("{failed} files were not fetched")));
    }
    Ok(exit::PASSED)
}

/// A store may hold `a` and `a/b`, a folder of files cannot. It is said before anything is fetched.
fn refuse_clash(wanted: &[&ArtifactRecord], execution: &str) -> Result<(), Failure> {
    let names: BTreeSet<&str> = wanted.iter().map(|record| record.name.trim_end_matches('/')).collect();
    let parents = |name: &'_ str| -> Vec<usize> { name.match_indices('/').map(|(at, _)| at).collect() };
    for name in &names {
        let Some(file) = parents(name).into_iter().map(|at| &name[..at]).find(|parent| names.contains(parent)) else {
            continue;
        };
        let (file, inner) = (plain(file), plain(name));
        return Err(Failure::errored(format!("`{file}` is a file, and the folder of `{inner}` too")).hint(format!(
            "fetch them into two folders: `{} artifacts get {execution} '{inner}' -d OTHER`",
            called()
        )));
    }
    Ok(())
}

/// A path means the file of that name and the files in the folder of that name.
fn is_meant(name: &str, path: &str) -> bool {
    let path = path.trim_end_matches('/');
    name == path || name.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
}

/// Fetches one file that `open` opens beside its place, and puts it there when it is whole.
async fn fetch(
    record: &ArtifactRecord,
    folder: &Path,
    open: impl AsyncFnOnce(String) -> Result<ProxyAnswer, RemoteError>,
) -> Result<(), Failure> {
    let target = below(folder, &record.name).map_err(|error| Failure::errored(format!("not written: {error}")))?;
    let parent = target.parent().unwrap_or(folder);
    refuse_occupied(folder, &target)?;
    std::fs::create_dir_all(parent)?;
    let mut answer = open(format!("/artifacts/{}", encode(&record.name, true))).await?;
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

/// What lies in the folder already may stand in the way: a folder where the
/// file belongs, or a file where its folder belongs.
fn refuse_occupied(folder: &Path, target: &Path) -> Result<(), Failure> {
    let hint = "remove it, or choose another folder with `-d`";
    if target.is_dir() {
        return Err(Failure::errored(format!("{} is a folder already", target.display())).hint(hint));
    }
    let parents = target.ancestors().skip(1).take_while(|parent| parent.starts_with(folder) && *parent != folder);
    for parent in parents {
        if parent.is_file() {
            let message = format!("{} is a file already, and a folder is needed there", parent.display());
            return Err(Failure::errored(message).hint(hint));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str) -> ArtifactRecord {
        let (step, sha256, content_type) = (String::new(), String::new(), String::new());
        ArtifactRecord { name: name.to_owned(), step, size: 0, sha256, content_type }
    }

    #[test]
    fn a_file_that_is_a_folder_too_is_said_before_anything_is_fetched() {
        for (names, clash) in [
            (&["a", "ab/c", "b"][..], None),
            (&["a", "a/b"], Some("`a` is a file, and the folder of `a/b` too")),
            (&["x/y/z.txt", "x/y"], Some("`x/y` is a file, and the folder of `x/y/z.txt` too")),
            (&["x\u{1b}[2J", "x\u{1b}[2J/y"], Some("`x` is a file, and the folder of `x/y` too")),
        ] {
            let records: Vec<ArtifactRecord> = names.iter().map(|name| record(name)).collect();
            let said = refuse_clash(&records.iter().collect::<Vec<_>>(), "it").err().map(|failure| failure.message);
            assert_eq!(said.as_deref(), clash, "{names:?}");
        }
    }

    #[test]
    fn what_is_in_the_way_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir(root.join("a")).expect("a folder");
        std::fs::write(root.join("b"), "").expect("a file");
        let message = |target: &str| refuse_occupied(root, &root.join(target)).err().map(|failure| failure.message);
        assert!(message("a").is_some_and(|said| said.ends_with("a is a folder already")));
        assert!(message("b/c/d").is_some_and(|said| said.contains("b is a file already")));
        assert_eq!(message("b"), None);
        assert_eq!(message("a/x/y"), None);
    }

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
