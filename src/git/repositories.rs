//! What the rest of the house asks of repositories.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use assay_gitops::GitFacts;

use crate::ask::{Checked, Look, Planned, Push, Pushed, Restore};
use crate::error::GitError;
use crate::limits::Limits;
use crate::mirrors::Mirrors;
use crate::program::Call;
use crate::remote::Remote;
use crate::session::Session;
use crate::{content, look, names, push, restore};

/// Mirrors that are tried in one call.
const TRIES: usize = 3;

/// Mirrors of repositories. Everything is looked at in a mirror; servers see fetches and pushes only. Clones share
/// the same mirrors.
#[derive(Clone, Debug)]
pub struct Repositories {
    mirrors: Arc<Mirrors>,
}

impl Repositories {
    /// Keeps mirrors in a folder, which is made when it is needed. What is in it may be lost at any time.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::with_limits(folder, Limits::default())
    }

    /// The same with other limits.
    pub fn with_limits(folder: impl Into<PathBuf>, limits: Limits) -> Self {
        Self { mirrors: Arc::new(Mirrors::new(folder.into(), limits)) }
    }

    /// The version of the program `git`, as it says it.
    ///
    /// # Errors
    ///
    /// There is none.
    pub async fn version(&self) -> Result<String, GitError> {
        let out = Call::new("ask Git for its version", ["version"]).good().await?;
        Ok(String::from_utf8_lossy(&out).trim().trim_start_matches("git version ").to_owned())
    }

    /// Brings what is new in a repository. Who asks while a fetch runs that began before waits for the next one; all
    /// who wait share it, and it goes on when they wait no longer.
    ///
    /// # Errors
    ///
    /// The URL is refused, the server does not answer or says no, the repository is too large.
    pub async fn fetch(&self, remote: &Remote) -> Result<(), GitError> {
        self.mirrors.fresh(Arc::new(Session::open(remote)?)).await.map(drop)
    }

    /// SHA-256 over the lines `path NUL id NEWLINE` of the paths, and of what they refer to beside them, sorted, where
    /// the id is that of the tree or file in Git, or `-`. No commit is fetched: `None` when the mirror does not have
    /// the revision (yet).
    ///
    /// # Errors
    ///
    /// A name is refused, the mirror cannot be read, or the server does not give a file that names others.
    pub async fn tree_hash(
        &self,
        remote: &Remote,
        revision: &str,
        paths: &[String],
    ) -> Result<Option<String>, GitError> {
        let (revision, paths) = (names::commit(revision)?, names::paths(paths)?);
        let session = Session::open(remote)?;
        let place = self.mirrors.place(&session.address);
        let Some(held) = place.hold().await else { return Ok(None) };
        let hashed = match held.mirror.resolve(&revision).await {
            Ok(Some(id)) => content::hash(&held.mirror, &session, &id, &paths).await.map(Some),
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        drop(held);
        match hashed {
            Err(error) if self.mirrors.mended(&place, &error).await => Ok(None),
            other => other,
        }
    }

    /// Fetches, and finds what the guards ask of a repository.
    ///
    /// # Errors
    ///
    /// See [`GitError`]; [`GitError::trouble`] is what the guards are told.
    pub async fn look(&self, remote: &Remote, ask: &Look) -> Result<GitFacts, GitError> {
        let question = look::Question::new(ask)?;
        let session = Arc::new(Session::open(remote)?);
        for _ in 0..TRIES {
            let held = self.mirrors.fresh(Arc::clone(&session)).await?;
            let connection = self.mirrors.connection().await;
            let looked = look::look(&held.mirror, &session, &self.mirrors.limits, &question).await;
            drop((held, connection));
            match looked {
                Err(error) if self.mirrors.mended(&self.mirrors.place(&session.address), &error).await => {}
                other => return other,
            }
        }
        Err(unusable())
    }

    /// Makes the commit that restores paths, in the mirror only.
    ///
    /// # Errors
    ///
    /// A commit is not known, a path cannot be restored without touching another one, the signing key is not usable.
    pub async fn plan(&self, remote: &Remote, restore: &Restore) -> Result<Planned, GitError> {
        let order = restore::Order::new(restore)?;
        let began = Instant::now();
        let session = Arc::new(Session::open(remote)?);
        let place = self.mirrors.place(&session.address);
        for _ in 0..TRIES {
            let held = match place.hold().await {
                Some(held) => held,
                None => self.mirrors.fresh(Arc::clone(&session)).await?,
            };
            let planned = restore::plan(&held.mirror, &order).await;
            drop(held);
            match planned {
                // The mirror may be older than what the caller saw, or new since.
                Err(GitError::NoCommit(_)) if !place.fetched_since(began).await => {
                    drop(self.mirrors.fresh(Arc::clone(&session)).await?);
                }
                Err(error) if self.mirrors.mended(&place, &error).await => {}
                other => return other,
            }
        }
        Err(unusable())
    }

    /// Pushes a commit onto a branch whose tip is what is expected, and onto no other: the server compares. Nothing
    /// is ever forced.
    ///
    /// # Errors
    ///
    /// The mirror does not have the commit (plan it again), or the server does not answer. Whether it was written is
    /// then not known: look for the key of the decision.
    pub async fn push(&self, remote: &Remote, ask: &Push) -> Result<Pushed, GitError> {
        let order = push::Order::new(ask)?;
        let session = Session::open(remote)?;
        let place = self.mirrors.place(&session.address);
        let held = place.hold().await.ok_or_else(|| GitError::NoCommit(order.commit.clone()))?;
        let connection = self.mirrors.connection().await;
        let pushed = push::push(&held.mirror, &session, &self.mirrors.folder, &self.mirrors.limits, &order).await;
        drop((held, connection));
        if let Err(error) = &pushed {
            self.mirrors.mended(&place, error).await;
        }
        pushed
    }

    /// Tries a credential without writing anything.
    ///
    /// # Errors
    ///
    /// It does not even let read.
    pub async fn check(&self, remote: &Remote, branches: &[String]) -> Result<Checked, GitError> {
        for branch in branches {
            names::branch(branch)?;
        }
        let session = Arc::new(Session::open(remote)?);
        let held = self.mirrors.fresh(Arc::clone(&session)).await?;
        let _connection = self.mirrors.connection().await;
        push::check(&held.mirror, &session, &self.mirrors.limits, branches).await
    }
}

fn unusable() -> GitError {
    GitError::Damaged("several times in a row".to_owned())
}
