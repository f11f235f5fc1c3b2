//! What [`crate::Repositories`] is asked, and what it answers.

use std::collections::BTreeMap;

use assay_gitops::FileChange;
use jiff::Timestamp;

use crate::secret::Secret;

/// What to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The delivered paths; the empty one is the whole repository.
    pub paths: Vec<String>,
    /// Value files of Helm, as the delivery names them: relative to the first of the paths, or to the root of the
    /// repository when they begin with `/`.
    pub value_files: Vec<String>,
    /// The commit that failed.
    pub bad: String,
    /// The commit whose content is to be restored.
    pub good: Option<String>,
    /// The commit that is deployed now.
    pub deployed: Option<String>,
    /// The key of the decision.
    pub key: String,
}

/// What to restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restore {
    /// The commit to stand on.
    pub parent: String,
    /// Paths, and the commit in which each is as it should be. A path that is absent there is removed.
    pub entries: Vec<(String, String)>,
    /// The message.
    pub message: String,
    /// Name and e-mail address of author and committer.
    pub author: (String, String),
    /// Date of author and committer, of which whole seconds count.
    pub date: Timestamp,
    /// The private SSH key (Ed25519 or RSA) that signs it.
    pub signing: Option<Secret>,
}

/// A commit that was made, and is nowhere but in the mirror. The same [`Restore`] gives the same commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Planned {
    /// Its id.
    pub id: String,
    /// The id of its tree.
    pub tree: String,
    /// Files in which it differs from its parent; empty when all is as it should be already.
    pub files: Vec<FileChange>,
}

/// What to push.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Push {
    /// The branch, without `refs/heads/`.
    pub branch: String,
    /// The commit, made by [`crate::Repositories::plan`].
    pub commit: String,
    /// The tip that the branch must have; `None` when it must not exist.
    pub expected: Option<String>,
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The branch's tip is the commit.
    Done,
    /// The branch's tip is not what was expected, and nothing was written.
    Moved {
        /// What it is; `None` when there is no such branch.
        tip: Option<String>,
    },
    /// The server takes no push to this branch, or none with this credential.
    Refused {
        /// What it says.
        why: String,
    },
}

/// What a credential was found to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The branches that were asked for, and their tips; `None` where there is no such branch.
    pub tips: BTreeMap<String, Option<String>>,
    /// Whether the server lets this credential push at all (a single branch may be protected all the same); `None`
    /// when the repository has no branch to try it with.
    pub writable: Option<bool>,
}
