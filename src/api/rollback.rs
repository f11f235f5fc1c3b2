//! The kind `Rollback`: the record of one decision about a bad revision. Made by the operator only.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::schema::{conditions, observed_generation};
use crate::{DeliveryReference, DurationText, FailedTest, GitSource, Guard, Reason, RevisionStatus, Verdict};

/// What a gate does about a revision that failed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackPolicy {
    /// How far it may go.
    #[serde(default)]
    pub mode: RollbackMode,
    /// When the branch refuses a push (it is protected), open a pull request instead of giving up.
    #[serde(default)]
    pub pull_request_if_refused: bool,
    /// Wait until somebody sets the annotation `assay.dev/approve: "true"` on the `Rollback`.
    #[serde(default)]
    pub approval: bool,
    /// Shortest time between two rollbacks of this delivery. Default `30m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cool_down: Option<DurationText>,
    /// A failure older than this is only reported. Default `20m`, or `24h` with `approval`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failure_age: Option<DurationText>,
    /// How long a revert may take until it is deployed and judged green. Default `15m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_timeout: Option<DurationText>,
    /// Also when commits between good and bad are merges. The delivered paths are restored as they were in
    /// the good revision either way; merging the same branch again does not bring the change back.
    #[serde(default)]
    pub allow_merges: bool,
    /// Changes in files that match these globs are never taken back by themselves, since code that was
    /// rolled back may meet data that was not. Default `**/migrations/**`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), inner(length(max = 256)))]
    pub never_revert: Option<Vec<String>>,
    /// End a running operation of Argo CD that holds on to the bad revision, so that it looks at the revert.
    /// The manager must have been given the right to (chart value `gitops.unblock`).
    #[serde(default)]
    pub unblock: bool,
}

/// How far a rollback may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RollbackMode {
    /// Only say what would be done.
    #[default]
    Observe,
    /// Open a pull request.
    PullRequest,
    /// Push one commit onto the branch.
    Push,
}

impl RollbackMode {
    /// The word as it stands in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::PullRequest => "PullRequest",
            Self::Push => "Push",
        }
    }
}

impl std::fmt::Display for RollbackMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One decision about a bad revision: what was looked at, what was done, and what came of it.
#[derive(Clone, Debug, PartialEq, CustomResource, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "assay.dev",
    version = "v1alpha1",
    kind = "Rollback",
    namespaced,
    status = "RollbackStatus",
    shortname = "rb",
    category = "assay",
    printcolumn = r#"{"name":"Gate","type":"string","jsonPath":".spec.gate"}"#,
    printcolumn = r#"{"name":"Bad","type":"string","jsonPath":".spec.bad.revision"}"#,
    printcolumn = r#"{"name":"Mode","type":"string","jsonPath":".spec.policy.mode"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Reason","type":"string","jsonPath":".status.reason"}"#,
    printcolumn = r#"{"name":"Recovery","type":"string","jsonPath":".status.recoveryTime"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    printcolumn = r#"{"name":"Dry run","type":"string","priority":1,"jsonPath":".spec.dryRun.mode"}"#,
    printcolumn = r#"{"name":"Commit","type":"string","priority":1,"jsonPath":".status.commit.id"}"#,
    printcolumn = r#"{"name":"Message","type":"string","priority":1,"jsonPath":".status.message"}"#
)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = ("self == oldSelf", "a rollback is a record: it is not changed, only approved or paused by annotation"))]
pub struct RollbackSpec {
    /// Name of the `TestGate`, in the same namespace.
    pub gate: String,
    /// Uid of that gate.
    pub gate_uid: String,
    /// The delivery that failed; its namespace is always given.
    pub delivery: DeliveryReference,
    /// Where it is delivered from; absent when that is no path on a branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<GitSource>,
    /// What failed.
    pub bad: RevisionStatus,
    /// The turn of the judgement that failed.
    #[serde(default)]
    pub turn: i32,
    /// What is to be restored: the last good revision when the decision began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<RevisionStatus>,
    /// Where that good revision was delivered from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good_source: Option<GitSource>,
    /// The verdict of the gate.
    pub verdict: Verdict,
    /// Why, as the gate says it.
    pub verdict_reason: crate::Reason,
    /// When the verdict became final.
    #[schemars(with = "Time")]
    pub failed_at: Timestamp,
    /// The executions that say no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub executions: Vec<String>,
    /// The first failed tests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailedTest>,
    /// The gate's policy when the decision began.
    pub policy: RollbackPolicy,
    /// Set on a dry run: the guards are asked and the commit is planned, and nothing is ever carried out. The mode
    /// of the policy above is `Observe` then, whatever is asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<DryRun>,
    /// Identity of the decision: a hash over delivery, source, bad and good revision. It stands in the commit,
    /// in the name of the branch and here; nothing is done twice under one key.
    pub key: String,
}

/// The question that a dry run answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// The annotation `assay.dev/dry-run` of the gate that asked.
    pub token: String,
    /// How far the policy goes that is asked about.
    #[serde(default)]
    pub mode: RollbackMode,
}

/// Where a rollback stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RollbackPhase {
    /// The guards are being asked.
    #[default]
    Evaluating,
    /// All guards agree; mode `Observe` leaves it at that.
    Observed,
    /// A guard says no, for good.
    Refused,
    /// It waits for somebody's approval.
    AwaitingApproval,
    /// A guard says not yet.
    Holding,
    /// Another rollback takes this one's paths along.
    Joined,
    /// What is to be written is decided and recorded; it is about to be written.
    Committing,
    /// A pull request waits to be merged.
    PullRequestOpen,
    /// The revert is on the branch; it is not deployed yet.
    Deploying,
    /// The revert is deployed; its judgement is awaited.
    Verifying,
    /// The revert is deployed and green.
    Recovered,
    /// The revert is not green, or was not deployed in time. Somebody must look.
    Failed,
    /// Somebody else's newer revision took its place.
    Superseded,
    /// It could not be decided or finished in time.
    Expired,
}

impl RollbackPhase {
    /// The word as it stands in YAML and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Evaluating => "Evaluating",
            Self::Observed => "Observed",
            Self::Refused => "Refused",
            Self::AwaitingApproval => "AwaitingApproval",
            Self::Holding => "Holding",
            Self::Joined => "Joined",
            Self::Committing => "Committing",
            Self::PullRequestOpen => "PullRequestOpen",
            Self::Deploying => "Deploying",
            Self::Verifying => "Verifying",
            Self::Recovered => "Recovered",
            Self::Failed => "Failed",
            Self::Superseded => "Superseded",
            Self::Expired => "Expired",
        }
    }

    /// Whether nothing more will happen to it.
    pub const fn is_final(self) -> bool {
        matches!(
            self,
            Self::Observed | Self::Refused | Self::Recovered | Self::Failed | Self::Superseded | Self::Expired
        )
    }
}

impl std::fmt::Display for RollbackPhase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What is known of a rollback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollbackStatus {
    /// Generation that the conditions speak of; -1 before the first visit.
    #[serde(default = "crate::schema::never_observed")]
    #[schemars(schema_with = "observed_generation")]
    pub observed_generation: i64,
    /// Where it stands.
    #[serde(default)]
    pub phase: RollbackPhase,
    /// Why it is so; the same as the reason of `Ready`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// One sentence for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What every guard answered, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// What is, or would be, written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<RevertCommit>,
    /// The pull request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequest>,
    /// The rollback (`namespace/name`) that takes this one's paths along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub joined: Option<String>,
    /// How often the branch moved between decision and push.
    #[serde(default)]
    pub races: i32,
    /// When the decision was made; also the date of the commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub decided_at: Option<Timestamp>,
    /// When the revert was on the branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub pushed_at: Option<Timestamp>,
    /// When the revert was seen deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub deployed_at: Option<Timestamp>,
    /// When it came to its final phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub finished_at: Option<Timestamp>,
    /// From the failure's verdict to the green verdict of the revert, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_time: Option<String>,
    /// By when the present phase must be over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Time>")]
    pub deadline: Option<Timestamp>,
    /// Every phase it went through, oldest first, at most 32.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trail: Vec<TrailEntry>,
    /// `Ready`; `Reconciling` and `Stalled` only while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,
}

impl Default for RollbackStatus {
    fn default() -> Self {
        Self {
            observed_generation: crate::schema::never_observed(),
            phase: RollbackPhase::Evaluating,
            reason: None,
            message: None,
            findings: Vec::new(),
            commit: None,
            pull_request: None,
            joined: None,
            races: 0,
            decided_at: None,
            pushed_at: None,
            deployed_at: None,
            finished_at: None,
            recovery_time: None,
            deadline: None,
            trail: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

impl RollbackStatus {
    /// Whether nothing more will happen to it. A dry run is over in any phase: it waits for nothing.
    pub const fn is_over(&self) -> bool {
        self.phase.is_final() || self.finished_at.is_some()
    }
}

/// What one guard answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The guard.
    pub guard: Guard,
    /// Its answer.
    pub answer: Answer,
    /// What it looked at and why it answers so, in one sentence.
    pub message: String,
}

/// The answer of a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Answer {
    /// It may go on.
    Pass,
    /// It may go on, but only as a pull request.
    PullRequest,
    /// Not yet.
    Hold,
    /// No.
    Refuse,
    /// Not asked, since what it looks at is not known after an earlier refusal.
    Skipped,
}

impl Answer {
    /// The word as it stands in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "Pass",
            Self::PullRequest => "PullRequest",
            Self::Hold => "Hold",
            Self::Refuse => "Refuse",
            Self::Skipped => "Skipped",
        }
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One commit that restores paths.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevertCommit {
    /// Its id. It is computed before anything is written: the same decision gives the same commit.
    pub id: String,
    /// The commit it stands on.
    pub parent: String,
    /// The branch it is, or would be, written to.
    pub branch: String,
    /// The paths that it restores.
    pub paths: Vec<String>,
    /// The files that it changes, at most 50.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Its subject.
    pub subject: String,
}

/// A pull request (or merge request) on a forge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PullRequest {
    /// Its number.
    pub number: i64,
    /// Where people find it.
    pub url: String,
    /// The branch that it asks to merge.
    pub branch: String,
}

/// One phase that a rollback went through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrailEntry {
    /// When it began.
    #[schemars(with = "Time")]
    pub at: Timestamp,
    /// The phase.
    pub phase: RollbackPhase,
    /// Why.
    pub message: String,
}
