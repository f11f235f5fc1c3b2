//! One client for all forges.

use std::fmt;

use assay_api::ForgeKind;
use http::HeaderName;
use http::header::AUTHORIZATION;

use super::error::ForgeError;
use super::gitea::Gitea;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::kinds::{CommitStatus, OpenPullRequest, OpenedPullRequest, PullRequestState};
use super::target::ForgeTarget;
use super::wire::Wire;

/// A repository on a forge. Connections are kept and used again.
pub struct ForgeClient {
    base: String,
    forge: Forge,
}

enum Forge {
    Gitea(Gitea),
    GitHub(GitHub),
    GitLab(GitLab),
}

impl fmt::Debug for ForgeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ForgeClient").field("base", &self.base).finish_non_exhaustive()
    }
}

impl ForgeClient {
    /// A client for that repository; nobody is asked yet.
    ///
    /// # Errors
    ///
    /// The address, the token or the certificates are none.
    pub fn new(target: &ForgeTarget) -> Result<Self, ForgeError> {
        let place = target.place()?;
        let (header, scheme) = match target.kind {
            ForgeKind::Gitea => (AUTHORIZATION, "token "),
            ForgeKind::GitHub => (AUTHORIZATION, "Bearer "),
            ForgeKind::GitLab => (HeaderName::from_static("private-token"), ""),
        };
        let wire = Wire::new(place.base.clone(), header, scheme, &target.token, target.ca.as_deref())?;
        let forge = match target.kind {
            ForgeKind::Gitea => Forge::Gitea(Gitea::new(wire, &place.project)),
            ForgeKind::GitHub => Forge::GitHub(GitHub::new(wire, &place.project)),
            ForgeKind::GitLab => Forge::GitLab(GitLab::new(wire, &place.project)),
        };
        Ok(Self { base: place.base, forge })
    }

    /// Shows a status on a commit. Showing the same one again changes nothing; forges count them all, so only changes
    /// should be shown.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not do it.
    pub async fn status(&self, commit: &str, status: &CommitStatus) -> Result<(), ForgeError> {
        match &self.forge {
            Forge::Gitea(forge) => forge.status(commit, status).await,
            Forge::GitHub(forge) => forge.status(commit, status).await,
            Forge::GitLab(forge) => forge.status(commit, status).await,
        }
    }

    /// Opens a pull request, or finds the one that was opened from that branch before, in whatever state it is.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not do it.
    pub async fn open(&self, ask: &OpenPullRequest) -> Result<OpenedPullRequest, ForgeError> {
        let opened = match self.find(&ask.head, &ask.base).await? {
            Some(found) => found,
            None => match &self.forge {
                Forge::Gitea(forge) => forge.open(ask).await?,
                Forge::GitHub(forge) => forge.open(ask).await?,
                Forge::GitLab(forge) => forge.open(ask).await?,
            },
        };
        // Also of one that was found: whoever opened it may have ended before it was labelled.
        let labelled = match &self.forge {
            Forge::Gitea(forge) => forge.label(opened.number, &ask.labels).await,
            Forge::GitHub(forge) => forge.label(opened.number, &ask.labels).await,
            // Its labels come with the request that opens it.
            Forge::GitLab(_) => Ok(()),
        };
        if let Err(error) = labelled {
            tracing::warn!(%error, "a pull request has no labels");
        }
        Ok(opened)
    }

    /// The newest pull request from one branch into the other, in whatever state it is.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not say it.
    pub async fn find(&self, head: &str, base: &str) -> Result<Option<OpenedPullRequest>, ForgeError> {
        match &self.forge {
            Forge::Gitea(forge) => forge.find(head, base).await,
            Forge::GitHub(forge) => forge.find(head, base).await,
            Forge::GitLab(forge) => forge.find(head, base).await,
        }
    }

    /// How a pull request is.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not say it.
    pub async fn state(&self, number: i64) -> Result<PullRequestState, ForgeError> {
        match &self.forge {
            Forge::Gitea(forge) => forge.state(number).await,
            Forge::GitHub(forge) => forge.state(number).await,
            Forge::GitLab(forge) => forge.state(number).await,
        }
    }

    /// Says something in a pull request, in Markdown.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not do it.
    pub async fn comment(&self, number: i64, text: &str) -> Result<(), ForgeError> {
        match &self.forge {
            Forge::Gitea(forge) => forge.comment(number, text).await,
            Forge::GitHub(forge) => forge.comment(number, text).await,
            Forge::GitLab(forge) => forge.comment(number, text).await,
        }
    }

    /// Whether a branch is known not to take pushes by this token. With GitHub also one that takes them from some:
    /// it does not say from whom.
    ///
    /// # Errors
    ///
    /// The forge cannot be reached, or does not say it.
    pub async fn protected(&self, branch: &str) -> Result<bool, ForgeError> {
        match &self.forge {
            Forge::Gitea(forge) => forge.protected(branch).await,
            Forge::GitHub(forge) => forge.protected(branch).await,
            Forge::GitLab(forge) => forge.protected(branch).await,
        }
    }
}
