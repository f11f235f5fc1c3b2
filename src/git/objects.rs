//! Trees: what is at a path of a commit, and how two commits differ.

use std::collections::BTreeSet;

use assay_gitops::FileChange;
use sha2::{Digest, Sha256};

use crate::error::GitError;
use crate::mirror::Mirror;

/// Bytes of a list of files.
const LIST: usize = 24 << 20;

/// One entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// As Git writes it: `100644`, `100755`, `120000` (a link), `040000` (a folder), `160000` (a submodule).
    pub(crate) mode: String,
    pub(crate) kind: String,
    pub(crate) id: String,
    /// Its path from the root.
    pub(crate) path: String,
}

impl Entry {
    pub(crate) fn is_folder(&self) -> bool {
        self.kind == "tree"
    }

    /// Whether it is a file with content, other than a link.
    pub(crate) fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }

    /// As `mktree` reads it, under the last part of its path.
    pub(crate) fn line(&self) -> Vec<u8> {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        format!("{} {} {}\t{name}", self.mode, self.kind, self.id).into_bytes()
    }
}

/// The tree of a commit.
pub(crate) async fn root(mirror: &Mirror, commit: &str) -> Result<Entry, GitError> {
    let name = format!("{commit}^{{tree}}");
    let out = mirror.call("read a commit", ["rev-parse", "--verify", &name]).good().await?;
    let id = String::from_utf8_lossy(&out).trim().to_owned();
    Ok(Entry { mode: "040000".to_owned(), kind: "tree".to_owned(), id, path: String::new() })
}

/// What is at a path.
pub(crate) async fn entry(mirror: &Mirror, tree: &str, path: &str) -> Result<Option<Entry>, GitError> {
    if path.is_empty() {
        return root(mirror, tree).await.map(Some);
    }
    let out = mirror.call("read a tree", ["ls-tree", "-z", "--full-tree", tree, "--", path]).good().await?;
    Ok(parse(&out).into_iter().find(|entry| entry.path == path))
}

/// What is in a folder; nothing when there is no such folder.
pub(crate) async fn folder(mirror: &Mirror, tree: &str, path: &str) -> Result<Vec<Entry>, GitError> {
    let inside = format!("{path}/");
    let mut arguments = vec!["ls-tree", "-z", "--full-tree", tree];
    if !path.is_empty() {
        arguments.extend(["--", &inside]);
    }
    Ok(parse(&mirror.call("read a folder", arguments).room(LIST).good().await?))
}

/// All files in a folder and in those below it.
pub(crate) async fn files_below(mirror: &Mirror, tree: &str, path: &str) -> Result<Vec<Entry>, GitError> {
    let mut arguments = vec!["ls-tree", "-r", "-z", "--full-tree", tree];
    if !path.is_empty() {
        arguments.extend(["--", path]);
    }
    Ok(parse(&mirror.call("read a folder", arguments).room(LIST).good().await?))
}

fn parse(out: &[u8]) -> Vec<Entry> {
    let text = String::from_utf8_lossy(out);
    let entry = |line: &str| {
        let (about, path) = line.split_once('\t')?;
        let mut about = about.split(' ');
        let (mode, kind, id) = (about.next()?, about.next()?, about.next()?);
        Some(Entry { mode: mode.to_owned(), kind: kind.to_owned(), id: id.to_owned(), path: path.to_owned() })
    };
    text.split('\0').filter_map(entry).collect()
}

/// SHA-256 over the lines `path NUL id NEWLINE` of the paths, and over the salt.
pub(crate) async fn tree_hash(
    mirror: &Mirror,
    commit: &str,
    paths: &BTreeSet<String>,
    salt: Option<&str>,
) -> Result<String, GitError> {
    let mut digest = Sha256::new();
    digest.update(salt.unwrap_or_default());
    for path in paths {
        let id = entry(mirror, commit, path).await?.map_or_else(|| "-".to_owned(), |entry| entry.id);
        digest.update(format!("{path}\0{id}\n"));
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The files in which two trees differ, in these paths or everywhere.
pub(crate) async fn difference(
    mirror: &Mirror,
    old: &str,
    new: &str,
    paths: &[String],
) -> Result<Vec<FileChange>, GitError> {
    let mut arguments = vec!["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev"];
    arguments.extend(["--ignore-submodules=none", "--no-ext-diff", "--no-textconv", old, new]);
    if !paths.iter().any(String::is_empty) {
        arguments.push("--");
        arguments.extend(paths.iter().map(String::as_str));
    }
    let out = mirror.call("compare two trees", arguments).room(LIST).good().await?;
    let text = String::from_utf8_lossy(&out);
    let mut parts = text.split('\0');
    let mut changes = Vec::new();
    // `:100644 100644 ID ID M`, and the path.
    while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
        let status = about.rsplit(' ').next().and_then(|word| word.chars().next()).unwrap_or('M');
        changes.push(FileChange { path: path.to_owned(), status });
    }
    Ok(changes)
}
