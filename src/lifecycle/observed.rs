//! Everything that is known of an execution at one moment, as plain facts.

use std::time::Duration;

use assay_api::{Reason, TestExecutionStatus};
use assay_protocol::{Progress, Seal};
use jiff::Timestamp;

use crate::decision::Trouble;

/// What is known. The truth lies in the cluster and the store; only
/// [`Observed::seen`] and [`Observed::refused`] are remembered between two
/// looks, and forgetting them costs no more than a wait begun anew.
#[derive(Clone, Debug, PartialEq)]
pub struct Observed {
    /// The object itself.
    pub execution: ExecutionFacts,
    /// Its status as it stands.
    pub previous: TestExecutionStatus,
    /// What becomes of its workflow. Asked for only while there is no Job.
    pub planned: Planned,
    /// The Job.
    pub job: Option<JobFacts>,
    /// Its pods.
    pub pods: Vec<PodFacts>,
    /// What the runner says.
    pub run: Option<Progress>,
    /// The end of the log.
    pub log: LogFacts,
    /// The first collected files, asked for at the end only.
    pub collected: Vec<Collected>,
    /// Whether the store knows the final judgement.
    pub recorded: Recorded,
    /// The troubles that the last look found, and since when.
    pub seen: Vec<Seen>,
    /// Why the cluster refused the Job when it was last tried.
    pub refused: Option<Refusal>,
}

/// The object itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutionFacts {
    /// Name.
    pub name: String,
    /// uid.
    pub uid: String,
    /// Generation of its spec.
    pub generation: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// Name of its workflow.
    pub workflow: String,
    /// Somebody asked for it to stop.
    pub cancel: bool,
    /// It is being deleted.
    pub deleting: bool,
    /// Name that its Job has or will have.
    pub job_name: String,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
}

/// What becomes of the workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Not asked: the Job exists, or the execution is over.
    NotAsked,
    /// The workflow does not exist.
    WorkflowMissing,
    /// It cannot be run: [`Reason::WorkflowInvalid`] or [`Reason::ConfigInvalid`].
    Invalid {
        /// Which of the two.
        reason: Reason,
        /// Every diagnostic, one line each.
        diagnostics: Vec<String>,
    },
    /// It can be run.
    Ready(PlanFacts),
}

/// What the Job is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanFacts {
    /// SHA-256 of the plan, in hexadecimal.
    pub hash: String,
}

/// The Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// When it was made.
    pub created_at: Timestamp,
    /// When its deletion was asked for.
    pub deleted_at: Option<Timestamp>,
    /// It belongs to somebody else: the name was taken.
    pub foreign: bool,
    /// SHA-256 of its plan, in hexadecimal.
    pub plan_hash: String,
    /// Longest time from the Job's creation to the first step, when it is known.
    pub start_timeout: Option<Duration>,
    /// Longest time from the first step to the end, `after` steps included, when it is known.
    pub execution_timeout: Option<Duration>,
    /// How it ended.
    pub end: Option<JobEnd>,
    /// What the Job controller has to say while there is no pod.
    pub words: Option<String>,
}

/// How a Job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobEnd {
    /// It completed; otherwise it failed.
    pub complete: bool,
    /// Reason of its condition.
    pub reason: String,
    /// Message of its condition.
    pub message: String,
}

/// One pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodFacts {
    /// Name.
    pub name: String,
    /// uid.
    pub uid: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// It is being deleted: when the cluster means to be done with it.
    pub deleted_at: Option<Timestamp>,
    /// `status.phase`.
    pub phase: String,
    /// `status.reason`.
    pub reason: Option<String>,
    /// `status.message`.
    pub message: Option<String>,
    /// The scheduler's words while no node takes it.
    pub unschedulable: Option<String>,
    /// Why the cluster disrupts it (condition `DisruptionTarget`).
    pub disrupted: Option<String>,
    /// Its containers, those that install first included.
    pub containers: Vec<ContainerFacts>,
    /// The last warning about it, when it was asked for.
    pub words: Option<String>,
}

/// What a container is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The leader.
    Leader,
    /// Runs steps.
    Group,
    /// Copies the runner before the others start.
    Install,
    /// Somebody put it there: a sidecar.
    Foreign,
}

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerFacts {
    /// Name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Where it stands.
    pub state: ContainerState,
}

/// Where a container stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// Not started.
    Waiting {
        /// Why, in one word.
        reason: String,
        /// Why.
        message: String,
    },
    /// Running.
    Running,
    /// Over.
    Terminated {
        /// Exit code.
        exit_code: i32,
        /// Why, in one word.
        reason: String,
        /// Termination message: the seal, in the leader's case.
        message: String,
    },
}

/// The end of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogFacts {
    /// Bytes kept in the store.
    pub bytes: u64,
    /// The end, as text.
    pub tail: String,
}

/// One collected file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Path, as matched.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
}

/// Whether the store knows the final judgement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The store has no record, or could not be asked.
    Unknown,
    /// It knows the execution, and no judgement.
    Open,
    /// It knows the judgement.
    Concluded,
}

/// A trouble and since when it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The trouble.
    pub trouble: Trouble,
    /// Since when.
    pub since: Timestamp,
}

/// The cluster's refusal of a Job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Asking again cannot help.
    pub lasting: bool,
    /// The cluster's words.
    pub message: String,
}

impl Observed {
    /// The last word that a pod of this very attempt and plan left behind.
    pub(crate) fn seal(&self) -> Option<Seal> {
        self.pods.iter().flat_map(|pod| &pod.containers).find_map(|container| match &container.state {
            ContainerState::Terminated { message, .. } if container.role == Role::Leader => {
                Seal::parse(message).ok().filter(|seal| self.accepts(seal))
            }
            _ => None,
        })
    }

    fn accepts(&self, seal: &Seal) -> bool {
        let plan = self.job.as_ref().map(|job| &job.plan_hash);
        let plan = plan.or(self.previous.job.as_ref().map(|job| &job.plan_hash));
        seal.attempt == self.execution.attempt && plan.is_none_or(|plan| *plan == seal.plan_hash)
    }

    /// When the first step began.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.run.as_ref().and_then(|run| run.started_at).or(self.previous.started_at)
    }

    /// A Job was made at some time.
    pub(crate) fn had_job(&self) -> bool {
        self.job.is_some() || self.previous.job.is_some()
    }

    /// The pod to judge by: the newest.
    pub(crate) fn pod(&self) -> Option<&PodFacts> {
        self.pods.iter().max_by_key(|pod| pod.created_at)
    }

    /// Since when the trouble lasts, which may be since now.
    pub(crate) fn since(&self, trouble: Trouble, now: Timestamp) -> Timestamp {
        self.seen.iter().find(|seen| seen.trouble == trouble).map_or(now, |seen| seen.since)
    }

    /// What the next look is to be told in [`Observed::seen`].
    pub fn remember(&self, troubles: &[Trouble], now: Timestamp) -> Vec<Seen> {
        let seen = troubles.iter().map(|trouble| Seen { trouble: *trouble, since: self.since(*trouble, now) });
        seen.collect()
    }
}
