//! What a decision knows beyond the evidence.

use assay_api::{Finding, PullRequest, RevertCommit};
use jiff::Timestamp;

/// What is known beyond the evidence: the guards' answers, and what came of the action that the last
/// decision of the same look asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RollbackContext {
    /// What the guards answered, all of them; needed while [`super::asks_guards`] says so.
    pub findings: Vec<Finding>,
    /// The delivered paths, none within another; the path of the source alone when there is none.
    pub paths: Vec<String>,
    /// Other rollbacks that may come along, in this order: they want to, and the grant covers their paths.
    pub company: Vec<Company>,
    /// What came of [`super::RollbackAction::Plan`].
    pub planned: Option<PlannedCommit>,
    /// What came of [`super::RollbackAction::Push`].
    pub pushed: Option<PushOutcome>,
    /// What came of [`super::RollbackAction::OpenPullRequest`].
    pub opened: Option<OpenOutcome>,
    /// How the pull request is now; `None` when the forge did not answer.
    pub pull_request: Option<PullRequestState>,
}

/// Another rollback that may come along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// The rollback, by namespace and name.
    pub record: (String, String),
    /// Its paths, none within another.
    pub paths: Vec<String>,
    /// The commit whose content they get.
    pub good: String,
}

/// A commit that is to be computed. Nothing is written to the server by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRequest {
    /// The commit that it stands on: the tip of the branch.
    pub parent: String,
    /// The branch that it will be pushed to.
    pub branch: String,
    /// Its date, in whole seconds: the moment of the decision.
    pub date: Timestamp,
    /// What it restores, sorted by path; every path once.
    pub entries: Vec<RestoredPath>,
}

/// A path that a commit restores.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RestoredPath {
    /// The folder, without leading or trailing `/`; empty is the whole repository.
    pub path: String,
    /// The commit whose content it gets.
    pub good: String,
    /// The rollback that asks for it, by namespace and name.
    pub record: (String, String),
}

/// What came of planning.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedCommit {
    /// What was asked for.
    pub request: PlanRequest,
    /// What came of it.
    pub outcome: PlanOutcome,
}

/// What came of planning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanOutcome {
    /// This commit.
    Commit(RevertCommit),
    /// The paths at the tip are as in the good revision already.
    Nothing,
    /// It cannot be made, and never will be: why.
    Impossible(String),
    /// The server does not answer as usual: why.
    Unavailable(String),
}

/// What came of a push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PushOutcome {
    /// The commit is on its branch.
    Done,
    /// The branch is not where it was: somebody was faster.
    Moved,
    /// The server says no: why.
    Refused(String),
    /// Nothing was sent, or it is not known whether it arrived: why.
    Unavailable(String),
}

/// What came of opening a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is open; it may have been so before.
    Opened(PullRequest),
    /// The forge says no: why.
    Refused(String),
    /// The forge does not answer as usual: why.
    Unavailable(String),
}

/// How a pull request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullRequestState {
    /// It waits.
    Open,
    /// It was merged; as this commit, when the forge tells it.
    Merged(Option<String>),
    /// Somebody closed it without merging it.
    Closed,
}
