//! Everything that a rollback is judged by, gathered before the guards are asked.

use assay_api::{Budget, GoodRevision, Judgement, RollbackMode, RollbackPhase, RollbackSpec, RollbackStatus};
use jiff::Timestamp;

use crate::delivery::Delivery;
use crate::repository::{GitFacts, GitTrouble};

/// What the guards are asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// Namespace and name of the record.
    pub record: (String, String),
    /// When the record was made.
    pub created_at: Timestamp,
    /// The decision.
    pub spec: RollbackSpec,
    /// The record so far.
    pub status: RollbackStatus,
    /// The delivery as it is now; `None` when it does not exist.
    pub delivery: Option<Delivery>,
    /// The gate's judgement as it is now; `None` when the gate does not exist.
    pub gate: Option<GateFacts>,
    /// The repository as it is now.
    pub git: Result<GitFacts, GitTrouble>,
    /// The grant that covers repository, branch and namespace; or why none does.
    pub grant: Result<Grant, String>,
    /// Who paused it, each as one phrase for people; empty when nobody did.
    pub paused: Vec<String>,
    /// Whether it was approved.
    pub approved: bool,
    /// All other rollbacks of the cluster.
    pub others: Vec<OtherRollback>,
    /// All blocking gates of the cluster, this one not counted: how many, and how many of them fail.
    pub gates: (usize, usize),
    /// Gates on the same repository and branch, other than this one.
    pub neighbours: Vec<Neighbour>,
}

/// A gate as a rollback sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GateFacts {
    /// Its uid.
    pub uid: String,
    /// What it judges, or judged last.
    pub current: Option<Judgement>,
    /// Its earlier judgements, newest first.
    pub verdicts: Vec<Judgement>,
    /// The newest revision that it judged green.
    pub last_good: Option<GoodRevision>,
    /// Runs that are required to confirm a failure.
    pub failures_required: i32,
    /// Whether a control run was asked for.
    pub control: bool,
}

/// What a `GitWriteAccess` allows here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Its name.
    pub name: String,
    /// The furthest that it allows.
    pub mode: RollbackMode,
    /// Delivered paths that it does not allow; empty when it allows all.
    pub paths_not_allowed: Vec<String>,
    /// Whether its credential worked when it was tried last; why not otherwise.
    pub trouble: Option<String>,
    /// Whether the branch is known to refuse pushes by this credential.
    pub protected: bool,
    /// Whether it has a forge, without which there are no pull requests.
    pub forge: bool,
    /// Whether the administrator froze it.
    pub frozen: bool,
    /// How many rollbacks the repository may see.
    pub budget: Option<Budget>,
}

/// Another rollback.
#[derive(Clone, Debug, PartialEq)]
pub struct OtherRollback {
    /// Namespace and name.
    pub record: (String, String),
    /// When it was made.
    pub created_at: Timestamp,
    /// Its decision.
    pub spec: RollbackSpec,
    /// Where it stands.
    pub phase: RollbackPhase,
    /// Its commit, once decided.
    pub commit: Option<assay_api::RevertCommit>,
    /// When it wrote to Git, if it did.
    pub written_at: Option<Timestamp>,
    /// The rollback that takes its paths along.
    pub joined: Option<String>,
    /// Whether all guards that concern it alone passed when it was looked at last.
    pub willing: bool,
}

/// Another gate that the same commit may concern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbour {
    /// Namespace and name.
    pub gate: (String, String),
    /// The revision that it judges, or judged last.
    pub revision: Option<String>,
    /// Whether that judgement is final.
    pub final_: bool,
}
