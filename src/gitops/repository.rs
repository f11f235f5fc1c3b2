//! What is known of a repository: facts that the room `git` finds and the guards judge.

/// Everything that the guards ask of a repository, found in one look after one fetch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitFacts {
    /// The branch's tip.
    pub tip: String,
    /// Hash over the trees of the delivered paths at the tip.
    pub tip_tree: Option<String>,
    /// The commit that failed, in full; `None` when the repository does not have it.
    pub bad: Option<CommitFacts>,
    /// Hash over the trees of the delivered paths at the bad commit.
    pub bad_tree: Option<String>,
    /// The commit to restore, in full; `None` when the repository does not have it.
    pub good: Option<CommitFacts>,
    /// Hash over the trees of the delivered paths at the good commit.
    pub good_tree: Option<String>,
    /// Hash over the trees of the delivered paths at the commit that is deployed now.
    pub deployed_tree: Option<String>,
    /// Whether good is an ancestor of bad.
    pub good_before_bad: bool,
    /// Whether bad is an ancestor of the tip, or the tip itself.
    pub bad_before_tip: bool,
    /// Commits in `good..bad` that touch the delivered paths, newest first, at most 200.
    pub range: Vec<CommitFacts>,
    /// Commits in `bad..tip` that touch the delivered paths, newest first, at most 200.
    pub newer: Vec<CommitFacts>,
    /// Whether one of the lists was cut: then not everything is known, and the answer is no.
    pub cut: bool,
    /// Files in the delivered paths that differ between good and bad, at most 1000.
    pub changed: Vec<FileChange>,
    /// Files outside the delivered paths that differ between good and bad, at most 1000.
    pub changed_outside: Vec<String>,
    /// Folders and files outside the delivered paths that these refer to at good or bad (Kustomize
    /// resources, components and patches, Helm value files), without leading `/`.
    pub references: Vec<String>,
    /// Objects that restoring would remove and with them more than themselves, for people:
    /// `CustomResourceDefinition widgets.example.com`.
    pub precious_removed: Vec<String>,
    /// A commit on the branch, after good, that carries this decision's key.
    pub done: Option<String>,
    /// The tip of the branch of this decision's pull request, if there is one.
    pub pull_request_branch: Option<String>,
}

/// One commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitFacts {
    /// Its full id.
    pub id: String,
    /// The first line of its message, at most 120 characters.
    pub subject: String,
    /// Name of its author.
    pub author: String,
    /// E-mail address of its author.
    pub email: String,
    /// How many parents it has.
    pub parents: usize,
    /// The value of the trailer [`assay_api::names::TRAILER_KEY`], when it has one.
    pub rollback_key: Option<String>,
    /// Whether its message says `This reverts commit <id>` of a commit that carries that trailer.
    pub reverts_rollback: bool,
}

/// How a file differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// `A` added since good, `D` removed, `M` changed, `T` another type.
    pub status: char,
}

/// Why a repository could not be looked at, or written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitTrouble {
    /// The server does not answer as usual; later it may.
    Unavailable(String),
    /// It answers, and says no: the credential, the URL, the host key.
    Denied(String),
}
