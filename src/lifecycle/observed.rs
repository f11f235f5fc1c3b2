//! Everything that is known of an execution at one moment, as plain facts.

use assay_api::{ExecutionDelivery, JobReference, Reason, TestExecutionStatus};
use assay_protocol::ingest::Commands;
use assay_protocol::rest::Conclusion;
use assay_protocol::{Progress, Seal};
use jiff::Timestamp;

use crate::decision::Trouble;
use crate::job::JobFacts;
use crate::pod::{ContainerState, PodFacts, Role};

/// What is known. The truth lies in the cluster and the store; only
/// [`Observed::seen`], [`Observed::refused`], [`Observed::touched`] and
/// [`Observed::commanded`] are remembered between two looks, and forgetting
/// them costs no more than a wait begun anew, a word said twice, or an attempt
/// that is not made.
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
    /// What is left of earlier attempts.
    pub older: Older,
    /// Whether a container that runs steps was seen started in a pod of this
    /// attempt that is gone; absent when no pod was seen.
    pub touched: Option<bool>,
    /// What the runner of this attempt says.
    pub run: Option<Progress>,
    /// The end of the log.
    pub log: LogFacts,
    /// The first collected files, asked for at the end only.
    pub collected: Vec<Collected>,
    /// What the store knows.
    pub recorded: Recorded,
    /// The judgement that the store has. It stands, although an interrupted
    /// operator did not write it into the status.
    pub judged: Option<Conclusion>,
    /// Why the store does not do its work, in words.
    pub store: Option<String>,
    /// The commands that the store was last given.
    pub commanded: Option<Commands>,
    /// The troubles that the last look found, and since when.
    pub seen: Vec<Seen>,
    /// Why the cluster refused the Job or its ConfigMap when it was last tried.
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
    /// Somebody asked for it to hold before the next step.
    pub pause: bool,
    /// Handles of steps that may go on although they are `paused`.
    pub resume: Vec<String>,
    /// It is being deleted.
    pub deleting: bool,
    /// Infrastructure attempt, counted from 1.
    pub attempt: u32,
    /// Name that the Job of this attempt has or will have.
    pub job_name: String,
    /// Name that the Job of the next attempt would have.
    pub next_job_name: String,
    /// The delivery of which it is a hook.
    pub delivery: Option<ExecutionDelivery>,
}

/// What is left of earlier attempts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Older {
    /// Names of their Jobs that nobody has asked to be deleted.
    pub jobs: Vec<String>,
    /// One of their pods is not over.
    pub busy: bool,
}

/// What becomes of the workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// Not asked: the Job exists, or the execution is over.
    NotAsked,
    /// The workflow does not exist.
    WorkflowMissing,
    /// It cannot be run: [`Reason::WorkflowInvalid`], [`Reason::TemplateNotFound`] or [`Reason::ConfigInvalid`].
    Invalid {
        /// Which of them.
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

/// What the store knows of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It could not be asked.
    Away,
    /// It does not know this attempt.
    Unknown,
    /// It knows the attempt, and no judgement.
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
        let plan = plan.or(self.reference().map(|job| &job.plan_hash)).filter(|plan| !plan.is_empty());
        seal.attempt == self.execution.attempt && plan.is_none_or(|plan| *plan == seal.plan_hash)
    }

    /// What the status says of the Job of this attempt.
    fn reference(&self) -> Option<&JobReference> {
        let attempt = i32::try_from(self.execution.attempt).unwrap_or(i32::MAX);
        self.previous.job.as_ref().filter(|job| job.attempt == attempt)
    }

    /// When the first step began.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.run.as_ref().and_then(|run| run.started_at).or(self.previous.started_at)
    }

    /// A Job of this attempt was made at some time. An attempt that the status
    /// only announces has no plan yet.
    pub fn had_job(&self) -> bool {
        self.job.is_some() || self.run.is_some() || self.reference().is_some_and(|job| !job.plan_hash.is_empty())
    }

    /// Whether a step of this attempt may have begun. What is not known for
    /// sure is taken to have begun: doing nothing twice is worth more than
    /// trying everything again.
    pub(crate) fn may_have_begun(&self) -> bool {
        let told = self.run.iter().flat_map(|run| &run.steps).any(|step| step.attempts > 0);
        let seen = || self.pod().map_or(self.touched.unwrap_or(true), PodFacts::is_touched);
        self.started_at().is_some() || told || seen()
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
