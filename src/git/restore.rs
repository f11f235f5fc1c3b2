//! The commit that restores paths: its tree is put together from objects, and nothing is checked out.

use assay_gitops::FileChange;

use crate::ask::{Planned, Restore};
use crate::error::GitError;
use crate::mirror::Mirror;
use crate::objects::Entry;
use crate::secret::Secret;
use crate::signing::Signer;
use crate::{names, objects};

/// Bytes of a list of entries.
const LIST: usize = 24 << 20;
/// Bytes of a message.
const MESSAGE: usize = 64 << 10;

/// A [`Restore`] whose names can be handed to Git.
pub(crate) struct Order {
    parent: String,
    /// The outer paths first, so that what is in them can be something else.
    entries: Vec<(String, String)>,
    message: String,
    name: String,
    email: String,
    seconds: i64,
    signing: Option<Secret>,
}

impl Order {
    pub(crate) fn new(restore: &Restore) -> Result<Self, GitError> {
        let refuse = |what, value: &str, why| Err(GitError::Name { what, value: value.to_owned(), why });
        let (name, email) = restore.author.clone();
        let odd =
            |text: &str| text.trim().is_empty() || text.contains(['<', '>']) || text.chars().any(char::is_control);
        if odd(&name) || odd(&email) {
            return refuse("the author", &name, "it needs a name and an address without < and >");
        }
        if restore.message.trim().is_empty() || restore.message.len() > MESSAGE || restore.message.contains('\0') {
            return refuse("the message", "", "it has 1 byte to 64 KiB, and no NUL");
        }
        if restore.entries.is_empty() {
            return refuse("the path", "", "there is none");
        }
        let entry = |(path, good): &(String, String)| Ok((names::path(path)?, names::commit(good)?));
        let mut entries = restore.entries.iter().map(entry).collect::<Result<Vec<_>, GitError>>()?;
        entries.sort();
        entries.dedup();
        Ok(Self {
            parent: names::commit(&restore.parent)?,
            entries,
            message: format!("{}\n", restore.message.trim_end()),
            name,
            email,
            seconds: restore.date.as_second(),
            signing: restore.signing.clone(),
        })
    }
}

pub(crate) async fn plan(mirror: &Mirror, order: &Order) -> Result<Planned, GitError> {
    let parent = known(mirror, &order.parent).await?;
    let before = objects::root(mirror, &parent).await?.id;
    let mut tree = before.clone();
    let mut wanted = Vec::new();
    for (path, good) in &order.entries {
        let good = known(mirror, good).await?;
        let entry = objects::entry(mirror, &good, path).await?;
        tree = replaced(mirror, &tree, path, entry.as_ref()).await?;
        wanted.push((path, entry));
    }
    let files = objects::difference(mirror, &before, &tree, &[String::new()]).await?;
    verify(mirror, &tree, &wanted, &files).await?;
    let id = commit(mirror, order, &parent, &tree).await?;
    Ok(Planned { id, tree, files })
}

async fn known(mirror: &Mirror, commit: &str) -> Result<String, GitError> {
    mirror.resolve(commit).await?.ok_or_else(|| GitError::NoCommit(commit.to_owned()))
}

/// Looks at the result with other eyes: only the paths changed, and each is as it is in its good commit.
async fn verify(
    mirror: &Mirror,
    tree: &str,
    wanted: &[(&String, Option<Entry>)],
    files: &[FileChange],
) -> Result<(), GitError> {
    let paths: Vec<String> = wanted.iter().map(|(path, _)| (*path).clone()).collect();
    if let Some(file) = files.iter().find(|file| !names::covers(&paths, &file.path)) {
        let why = format!("{} beside it would change too", file.path);
        return Err(GitError::Blocked { path: paths.join(", "), why });
    }
    for (at, (path, entry)) in wanted.iter().enumerate() {
        let overruled = paths[at + 1..].iter().any(|other| names::covers(std::slice::from_ref(*path), other));
        if overruled {
            continue;
        }
        let is = if path.is_empty() {
            Some(tree.to_owned())
        } else {
            objects::entry(mirror, tree, path).await?.map(|entry| entry.id)
        };
        if is.as_ref() != entry.as_ref().map(|entry| &entry.id) {
            let why = "the result is not what it was in the good commit".to_owned();
            return Err(GitError::Blocked { path: (*path).clone(), why });
        }
    }
    Ok(())
}

/// The tree in which `path` is that entry, or is absent. Entries beside it stay, byte for byte; folders that would be
/// empty vanish, as everywhere in Git.
async fn replaced(mirror: &Mirror, tree: &str, path: &str, entry: Option<&Entry>) -> Result<String, GitError> {
    if path.is_empty() {
        let root = entry.expect("a commit has a root");
        return Ok(root.id.clone());
    }
    let parts: Vec<&str> = path.split('/').collect();
    let mut folders = vec![list(mirror, tree).await?];
    for part in &parts[..parts.len() - 1] {
        let here = folders.last().expect("the root is one");
        let next = match here.iter().find(|line| name(line) == part.as_bytes()) {
            Some(line) if kind(line) == "tree" => list(mirror, &id(line)).await?,
            Some(_) if entry.is_none() => return Ok(tree.to_owned()),
            Some(_) => {
                let why = format!("{part} is no folder any more");
                return Err(GitError::Blocked { path: path.to_owned(), why });
            }
            None => Vec::new(),
        };
        folders.push(next);
    }
    let mut below = entry.map(Entry::line);
    for (part, mut lines) in parts.into_iter().zip(folders).rev() {
        lines.retain(|line| name(line) != part.as_bytes());
        lines.extend(below.take().map(|line| rename(&line, part)));
        if !lines.is_empty() {
            let tree = make(mirror, &lines).await?;
            below = Some(format!("040000 tree {tree}\t{part}").into_bytes());
        }
    }
    match below {
        // The last one that was made is the root.
        Some(line) => Ok(id(&line)),
        None => make(mirror, &[]).await,
    }
}

/// The entries of one tree, as Git lists them: names are bytes, not always text.
async fn list(mirror: &Mirror, tree: &str) -> Result<Vec<Vec<u8>>, GitError> {
    let out = mirror.call("read a tree", ["ls-tree", "-z", "--full-tree", tree]).room(LIST).good().await?;
    Ok(out.split(|byte| *byte == 0).filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
}

async fn make(mirror: &Mirror, lines: &[Vec<u8>]) -> Result<String, GitError> {
    let mut input = Vec::new();
    for line in lines {
        input.extend_from_slice(line);
        input.push(0);
    }
    // Contents may be on the server only, and commits of submodules are elsewhere.
    let out = mirror.call("make a tree", ["mktree", "-z", "--missing"]).input(input).good().await?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}

/// `MODE KIND ID TAB NAME`.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let at = line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len());
    (&line[..at], &line[(at + 1).min(line.len())..])
}

fn name(line: &[u8]) -> &[u8] {
    split(line).1
}

fn word(line: &[u8], at: usize) -> String {
    String::from_utf8_lossy(split(line).0).split(' ').nth(at).unwrap_or_default().to_owned()
}

fn kind(line: &[u8]) -> String {
    word(line, 1)
}

fn id(line: &[u8]) -> String {
    word(line, 2)
}

fn rename(line: &[u8], name: &str) -> Vec<u8> {
    let mut renamed = split(line).0.to_vec();
    renamed.push(b'\t');
    renamed.extend_from_slice(name.as_bytes());
    renamed
}

async fn commit(mirror: &Mirror, order: &Order, parent: &str, tree: &str) -> Result<String, GitError> {
    let date = format!("@{} +0000", order.seconds);
    let mut call = mirror.call("make the commit", ["commit-tree", tree, "-p", parent]);
    let signer = match &order.signing {
        Some(key) => Some(Signer::new(key).await?),
        None => None,
    };
    if let Some(signer) = &signer {
        call = signer
            .sign(mirror.call("make and sign the commit", ["commit-tree", &signer.argument(), tree, "-p", parent]));
    }
    for who in ["AUTHOR", "COMMITTER"] {
        call = call
            .with(&format!("GIT_{who}_NAME"), order.name.as_str())
            .with(&format!("GIT_{who}_EMAIL"), order.email.as_str())
            .with(&format!("GIT_{who}_DATE"), date.as_str());
    }
    let out = call.input(order.message.as_str()).good().await;
    let out = out.map_err(|error| if signer.is_some() { Signer::explain(error) } else { error })?;
    Ok(String::from_utf8_lossy(&out).trim().to_owned())
}
