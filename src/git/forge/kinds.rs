//! The words in which every forge is spoken to here.

/// What a commit's status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CommitState {
    /// Tests wait or run.
    Pending,
    /// They passed.
    Success,
    /// They failed.
    Failure,
    /// No judgement was possible.
    Error,
}

/// A status shown on a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitStatus {
    /// Which status: a new one of the same context takes the place of the older. At most 40 characters.
    pub context: String,
    /// What it says.
    pub state: CommitState,
    /// One sentence; what is beyond 140 characters is cut.
    pub description: String,
    /// Where more can be read.
    pub url: Option<String>,
}

/// A pull request that is to be opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenPullRequest {
    /// The branch to merge.
    pub head: String,
    /// The branch to merge it into.
    pub base: String,
    /// Its title; what is beyond 250 characters is cut.
    pub title: String,
    /// Its text, in Markdown; what is beyond 60,000 characters is cut.
    pub body: String,
    /// Labels; a forge that cannot set them is not asked twice.
    pub labels: Vec<String>,
}

/// A pull request that is open, or once was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenedPullRequest {
    /// Its number in the repository.
    pub number: i64,
    /// Where people find it.
    pub url: String,
}

/// How a pull request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequestState {
    /// Neither merged nor closed.
    Open,
    /// Merged.
    Merged {
        /// The commit on the base branch, when the forge tells it.
        commit: Option<String>,
    },
    /// Closed without being merged.
    Closed,
}

/// The beginning of a text.
pub(super) fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}
