//! Where texts come from: files, folders, standard input.

use std::io::Read;
use std::path::{Path, PathBuf};

use assay_api::names::GROUP;

use crate::failure::Failure;

/// Larger manifests no API server takes.
const LIMIT: u64 = 16 << 20;
/// Folders in folders are looked into so deep.
const DEPTH: usize = 16;
/// Of more files somebody named the wrong folder.
const FILES: usize = 10_000;

/// A manifest, or a folder of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    /// Standard input.
    Standard,
    /// A file, or a folder with files.
    File(PathBuf),
}

impl Input {
    /// `-` is standard input.
    pub(crate) fn of(path: PathBuf) -> Self {
        if path.as_os_str() == "-" { Self::Standard } else { Self::File(path) }
    }

    /// The texts behind it, each with its label; a folder stands for its YAML
    /// and JSON files, at every depth.
    ///
    /// # Errors
    /// When something cannot be read.
    pub(crate) fn texts(&self) -> Result<Vec<(String, String)>, Failure> {
        let path = match self {
            Self::Standard => return Ok(vec![("stdin".to_owned(), bounded("stdin", std::io::stdin().lock())?)]),
            Self::File(path) => path,
        };
        if !path.is_dir() {
            return Ok(vec![(path.display().to_string(), file(path)?)]);
        }
        let mut paths = Vec::new();
        collect(path, 0, &mut paths)?;
        if paths.is_empty() {
            return Err(Failure::usage(format!("{}: there are no .yaml, .yml or .json files in it", path.display())));
        }
        let texts = paths.iter().map(|path| Ok((path.display().to_string(), file(path)?)));
        let ours = texts.filter(|text| text.as_ref().map_or(true, |(_, text)| is_ours(text)));
        ours.collect()
    }
}

/// Whether a file that nobody named is meant: a folder holds other things too.
fn is_ours(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start_matches(['{', '"', ' ', '-', '\t']);
        let of_group = line.starts_with("apiVersion") && line.contains(&format!("{GROUP}/"));
        let of_kind = line.starts_with("kind") && (line.contains("TestWorkflow") || line.contains("TestExecution"));
        of_group || of_kind
    })
}

/// Files in the order of their paths. Hidden folders and links to folders are left alone.
fn collect(folder: &Path, depth: usize, paths: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let label = folder.display().to_string();
    let listed = std::fs::read_dir(folder).map_err(|error| unreadable(&label, &error))?;
    let mut entries: Vec<_> = listed.filter_map(Result::ok).collect();
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if is_folder && !is_hidden && depth < DEPTH {
            collect(&path, depth + 1, paths)?;
        } else if path.is_file() && is_manifest(&path) {
            paths.push(path);
        }
        if paths.len() > FILES {
            return Err(Failure::usage(format!("{label}: there are more than {FILES} files in it"))
                .hint("name the folder with the manifests"));
        }
    }
    Ok(())
}

fn is_manifest(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("yaml" | "yml" | "json"))
}

fn file(path: &Path) -> Result<String, Failure> {
    let label = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| unreadable(&label, &error))?;
    bounded(&label, file)
}

fn bounded(label: &str, from: impl Read) -> Result<String, Failure> {
    let mut text = String::new();
    from.take(LIMIT + 1).read_to_string(&mut text).map_err(|error| unreadable(label, &error))?;
    if text.len() as u64 > LIMIT {
        return Err(Failure::usage(format!("{label} is larger than 16 MiB")));
    }
    Ok(text)
}

fn unreadable(label: &str, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{label} cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_all_its_manifests() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir_all(root.join("b/c")).expect("folders");
        std::fs::create_dir_all(root.join(".git")).expect("folders");
        for name in ["a.yaml", "b/x.yml", "b/c/y.json", ".git/z.yaml", "notes.txt"] {
            std::fs::write(root.join(name), format!("{{\"apiVersion\": \"assay.dev/v1\"}} # {name}")).expect("a file");
        }
        std::fs::write(root.join("values.yaml"), "kind: Values\n").expect("a file");
        let texts = Input::File(root.to_owned()).texts().expect("texts");
        let names: Vec<&str> = texts.iter().filter_map(|(_, text)| text.rsplit(' ').next()).collect();
        assert_eq!(names, ["a.yaml", "b/c/y.json", "b/x.yml"]);
        let named = Input::File(root.join("values.yaml")).texts().expect("a text");
        assert_eq!(named.len(), 1);
        let empty = Input::File(root.join(".git/none")).texts().expect_err("nothing there");
        assert!(empty.message.contains("cannot be read"), "{empty}");
        assert_eq!(Input::of("-".into()), Input::Standard);
    }
}
