//! The copy of one repository: bare, all branches, no tags, and without the contents of files where the server can
//! leave them out.

use std::path::{Path, PathBuf};

use crate::error::GitError;
use crate::limits::Limits;
use crate::program::Call;
use crate::session::Session;
use crate::space;

/// All branches, also those that somebody rewrote.
const BRANCHES: &str = "+refs/heads/*:refs/heads/*";

/// Before the name of a mirror's folder, that of a copy which is not finished.
pub(crate) const UNFINISHED: &str = "new-";

/// A mirror on disk.
#[derive(Clone, Debug)]
pub(crate) struct Mirror {
    pub(crate) folder: PathBuf,
}

impl Mirror {
    pub(crate) fn exists(&self) -> bool {
        self.folder.join("HEAD").is_file()
    }

    /// Whether contents of files are fetched when they are asked for.
    pub(crate) fn lacks_blobs(&self) -> bool {
        std::fs::read_to_string(self.folder.join("config")).is_ok_and(|text| text.contains("promisor = true"))
    }

    /// A call in this mirror, which speaks to nobody.
    pub(crate) fn call<I, A>(&self, doing: &'static str, arguments: I) -> Call
    where
        I: IntoIterator<Item = A>,
        A: Into<String>,
    {
        Call::new(doing, arguments).of(&self.folder)
    }

    /// Copies the repository, beside what is there. Contents of files are left out, unless `whole`.
    pub(crate) async fn copy(&self, session: &Session, limits: &Limits, whole: bool) -> Result<PathBuf, GitError> {
        let name = self.folder.file_name().expect("a mirror has a name").to_string_lossy();
        let new = self.folder.with_file_name(format!("{UNFINISHED}{name}"));
        space::remove(&new).await;
        match copy(session, &new, limits, whole).await {
            Ok(()) => Ok(new),
            Err(error) => {
                space::remove(&new).await;
                Err(error)
            }
        }
    }

    /// Puts the copy in place of what is there. The caller sees to it that nobody uses it.
    pub(crate) async fn become_copy(&self, copy: &Path) -> Result<(), GitError> {
        space::remove(&self.folder).await;
        tokio::fs::rename(copy, &self.folder)
            .await
            .map_err(|source| GitError::Machine { doing: "put the mirror in its place", source })
    }

    /// Brings what is new.
    pub(crate) async fn fetch(&self, session: &Session, limits: &Limits) -> Result<(), GitError> {
        let arguments = [
            "fetch",
            "--quiet",
            "--prune",
            "--no-tags",
            "--no-recurse-submodules",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
            "--no-show-forced-updates",
            "origin",
            BRANCHES,
        ];
        let call = session.through(self.call("fetch the repository", arguments)).time(limits.fetch);
        bounded(&self.folder, limits, call).await
    }

    /// Tries to bring one commit that no branch has (any more).
    pub(crate) async fn fetch_commit(&self, session: &Session, id: &str, limits: &Limits) -> Result<(), GitError> {
        let arguments =
            ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "origin", id];
        let call = session.through(self.call("fetch a commit", arguments)).time(limits.fetch);
        bounded(&self.folder, limits, call).await
    }

    /// Puts many packs into one.
    pub(crate) async fn repack(&self, limits: &Limits) -> Result<(), GitError> {
        let call = self.call("tidy the mirror", ["repack", "-a", "-d", "-q"]).set("repack.writeBitmaps", "false");
        call.time(limits.clone).good().await.map(drop)
    }

    /// The commit of that id, if the mirror has it.
    pub(crate) async fn resolve(&self, revision: &str) -> Result<Option<String>, GitError> {
        let named = self.verify("find a commit", format!("{revision}^{{commit}}")).await?;
        // A branch may have a name that looks like an id.
        Ok(named.filter(|id| id.starts_with(revision)))
    }

    /// The tip of a branch, if there is such a branch.
    pub(crate) async fn tip(&self, branch: &str) -> Result<Option<String>, GitError> {
        self.verify("find a branch", format!("refs/heads/{branch}^{{commit}}")).await
    }

    async fn verify(&self, doing: &'static str, name: String) -> Result<Option<String>, GitError> {
        let answer = self.call(doing, ["rev-parse".to_owned(), "--verify".to_owned(), "--quiet".to_owned(), name]);
        let answer = answer.run().await?;
        match answer.code {
            0 => Ok(Some(answer.text())),
            1 => Ok(None),
            _ if wanted_to_fetch(&answer.said) => Ok(None),
            _ => Err(answer.bad()),
        }
    }

    /// Whether one commit is an ancestor of the other, or the same.
    pub(crate) async fn is_ancestor(&self, old: &str, new: &str) -> Result<bool, GitError> {
        let answer = self.call("compare two commits", ["merge-base", "--is-ancestor", old, new]).run().await?;
        match answer.code {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(answer.bad()),
        }
    }
}

/// A mirror without blobs asks the server for what it does not have, which a local call may not do.
fn wanted_to_fetch(said: &str) -> bool {
    said.contains("promisor remote") || said.contains("' not allowed")
}

async fn copy(session: &Session, new: &Path, limits: &Limits, whole: bool) -> Result<(), GitError> {
    let mut arguments = vec!["clone", "--bare", "--quiet", "--no-tags", "--template=", "--origin", "origin"];
    if !whole {
        arguments.push("--filter=blob:none");
    }
    let arguments = arguments.into_iter().map(str::to_owned);
    let place = ["--".to_owned(), session.address.url.clone(), new.display().to_string()];
    let call = Call::new("copy the repository", arguments.chain(place));
    bounded(new, limits, session.through(call).time(limits.clone)).await
}

/// Ends the call when the folder becomes larger than a mirror may be.
async fn bounded(folder: &Path, limits: &Limits, call: Call) -> Result<(), GitError> {
    let limit = limits.mirror_bytes;
    tokio::select! {
        done = call.good() => done.map(drop),
        () = space::outgrown(folder, limit) => Err(GitError::TooLarge { doing: "copy the repository", limit }),
    }
}
