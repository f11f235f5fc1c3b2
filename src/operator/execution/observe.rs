//! Everything that is known of an execution now.

use std::sync::Arc;
use std::time::Duration;

use assay_api::names::ANNOTATION_PLAN_HASH;
use assay_api::{ExecutionDelivery, Phase, TestExecution, TestExecutionStatus};
use assay_cluster::SlimJob;
use assay_lifecycle::{Collected, ExecutionFacts, JobFacts, LogFacts, Observed, Planned, PodFacts, Recorded};
use assay_protocol::Progress;
use assay_protocol::rest::Conclusion;
use assay_telemetry::error_chain;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;

use super::controller::Controller;
use super::memory::Memory;
use super::planning::Plan;
use super::{facts, hook, planning};
use crate::context::Context;
use crate::failure::LookError;

/// A Job that we applied is believed in for so long without the watch showing it.
const BELIEVED: Duration = Duration::from_secs(30);
const LOG_TAIL_BYTES: usize = 2048;
const COLLECTED: usize = 20;

/// What is known, and what is applied if that is decided.
pub(crate) struct Look {
    pub(crate) observed: Observed,
    pub(crate) plan: Option<Plan>,
}

impl Controller {
    /// Observes an execution.
    pub(crate) async fn observe(&self, object: &TestExecution, memory: &mut Memory) -> Result<Look, LookError> {
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let status = object.status.clone().unwrap_or_default();
        let previous = memory.published.clone().unwrap_or(status);
        let kept = self.ask_store(uid, &previous).await?;
        let (jobs, pods) = (self.jobs.indexed(uid), self.pods.indexed(uid));
        let attempt = facts::attempt(&previous, kept.attempt, &jobs, uid);
        let delivery = kept.delivery.clone().or_else(|| previous.delivery.clone());
        memory.turn_to(attempt);
        let own = pods.iter().filter(|pod| pod.attempt().is_none_or(|number| number == attempt));
        let own: Vec<_> = own.map(|pod| facts::pod(pod)).collect();
        if !own.is_empty() {
            let seen = own.iter().any(PodFacts::is_touched);
            memory.attempt.touched = Some(seen || memory.attempt.touched == Some(true));
        }
        let mut observed = Observed {
            planned: Planned::NotAsked,
            job: None,
            pods: own,
            older: facts::older(attempt, &jobs, &pods, uid),
            touched: memory.attempt.touched,
            run: kept.run.filter(|_| kept.attempt == Some(attempt)),
            log: LogFacts::default(),
            collected: Vec::new(),
            recorded: match kept.recorded {
                Recorded::Open if kept.attempt != Some(attempt) => Recorded::Unknown,
                recorded => recorded,
            },
            judged: kept.judged,
            store: kept
                .trouble
                .or_else(|| self.store.borrow().clone())
                .or_else(|| memory.untold.clone())
                .or_else(|| memory.attempt.unbegun.clone().filter(|_| kept.attempt != Some(attempt))),
            commanded: memory.commanded.clone(),
            seen: memory.attempt.seen.clone(),
            refused: memory.attempt.refused.clone(),
            execution: ExecutionFacts { delivery, ..facts::execution(object, attempt) },
            previous,
        };
        observed.job = self.job(object, &observed, memory).await?;
        self.add_words(object, &mut observed).await;
        let over = observed.previous.phase == Phase::Finished || observed.execution.deleting;
        if over || observed.had_job() || observed.execution.cancel || observed.judged.is_some() {
            return Ok(Look { observed, plan: None });
        }
        if observed.execution.delivery.is_none() {
            observed.execution.delivery = self.delivery(object, memory).await?;
        }
        let revision = observed.execution.delivery.as_ref().and_then(|delivery| delivery.revision.as_deref());
        let (planned, plan) = planning::plan(&self.context, object, attempt, revision).await?;
        observed.planned = planned;
        Ok(Look { observed, plan })
    }

    /// The delivery of which it is a hook, looked for once: later the Application may deliver something else.
    async fn delivery(
        &self,
        object: &TestExecution,
        memory: &mut Memory,
    ) -> Result<Option<ExecutionDelivery>, LookError> {
        if memory.delivery.is_none() {
            memory.delivery = Some(hook::delivery_of(&self.context, object).await?);
        }
        Ok(memory.delivery.clone().flatten())
    }

    /// What the store knows. While an execution goes on, a store that does not
    /// answer is only a trouble; once it ended, telling it is all that is left.
    async fn ask_store(&self, uid: &str, previous: &TestExecutionStatus) -> Result<Kept, LookError> {
        match self.context.store.execution_by_uid(uid).await {
            Ok(None) => Ok(Kept { recorded: Recorded::Unknown, ..Kept::default() }),
            Ok(Some(record)) => Ok(Kept {
                recorded: if record.conclusion.is_some() { Recorded::Concluded } else { Recorded::Open },
                attempt: Some(record.attempt),
                run: record.progress,
                judged: record.conclusion,
                delivery: record.delivery.as_ref().and_then(hook::of_record),
                trouble: None,
            }),
            Err(error) if previous.phase == Phase::Finished => Err(error.into()),
            Err(error) => Ok(Kept { trouble: Some(error_chain(&error)), ..Kept::default() }),
        }
    }

    /// The Job: from the watch, from what we just applied, or, when an earlier
    /// process made it, asked for.
    async fn job(
        &self,
        object: &TestExecution,
        observed: &Observed,
        memory: &mut Memory,
    ) -> Result<Option<JobFacts>, LookError> {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        let watched = self.jobs.get(namespace, &observed.execution.job_name);
        let Some(mut job) = self.known_job(watched, observed, memory, namespace).await? else { return Ok(None) };
        if observed.previous.phase == Phase::Finished || job.foreign {
            return Ok(Some(job));
        }
        if let Some(applied) = memory.attempt.applied {
            job.created_at = applied.created_at;
        }
        job.plan_hash = match memory.attempt.plan_hash.clone().or_else(|| told_plan(observed)) {
            Some(hash) => hash,
            None => self
                .asked_job(namespace, &observed.execution.job_name)
                .await?
                .map(|job| plan_hash(&job))
                .unwrap_or_default(),
        };
        memory.attempt.plan_hash = Some(job.plan_hash.clone());
        let terms = match memory.attempt.terms {
            Some(terms) => terms,
            None => {
                let delivery = observed.execution.delivery.as_ref();
                let revision = delivery.and_then(|delivery| delivery.revision.as_deref());
                planning::terms_again(&self.context, object, observed.execution.attempt, revision).await?
            }
        };
        memory.attempt.terms = Some(terms);
        (job.deadlines, job.retries) = (terms.deadlines, terms.retries);
        Ok(Some(job))
    }

    async fn known_job(
        &self,
        watched: Option<Arc<SlimJob>>,
        observed: &Observed,
        memory: &mut Memory,
        namespace: &str,
    ) -> Result<Option<JobFacts>, LookError> {
        let uid = &observed.execution.uid;
        if let Some(job) = watched {
            memory.attempt.sighted = true;
            return Ok(Some(facts::job(&job, uid)));
        }
        if memory.attempt.sighted || observed.previous.phase == Phase::Finished {
            return Ok(None);
        }
        if let Some(applied) = memory.attempt.applied.filter(|applied| applied.at.elapsed() < BELIEVED) {
            let job = SlimJob::default();
            return Ok(Some(JobFacts { created_at: applied.created_at, foreign: false, ..facts::job(&job, uid) }));
        }
        if memory.attempt.applied.is_none() && told_plan(observed).is_none() {
            return Ok(None);
        }
        let asked = self.asked_job(namespace, &observed.execution.job_name).await?;
        Ok(asked.and_then(|job| slim(&job)).map(|job| facts::job(&job, uid)))
    }

    /// What the cluster says about a Job without a pod, or a pod that does not
    /// start: asked for only when it takes long.
    async fn add_words(&self, object: &TestExecution, observed: &mut Observed) {
        let over = observed.previous.phase == Phase::Finished || observed.started_at().is_some();
        let Some(job) = observed.job.as_mut().filter(|job| !over && !job.foreign && job.end.is_none()) else { return };
        let age = Duration::try_from(Timestamp::now().duration_since(job.created_at)).unwrap_or_default();
        if age < self.context.settings.policy.pod_grace {
            return;
        }
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        match observed.pods.iter_mut().max_by_key(|pod| pod.created_at) {
            Some(pod) => pod.words = self.last_warning(namespace, &pod.uid).await,
            None => {
                let watched = self.jobs.get(namespace, &observed.execution.job_name);
                if let Some(uid) = watched.as_ref().and_then(|job| job.metadata.uid.as_deref()) {
                    job.words = self.last_warning(namespace, uid).await;
                }
            }
        }
    }

    /// Words are a courtesy: without them the judgement is the same.
    async fn last_warning(&self, namespace: &str, uid: &str) -> Option<String> {
        let words = self.context.cluster.last_warning(namespace, uid).await;
        words.inspect_err(|error| tracing::debug!(error = error_chain(error), "no words")).ok().flatten()
    }

    async fn asked_job(&self, namespace: &str, name: &str) -> Result<Option<Job>, LookError> {
        Ok(self.context.cluster.get::<Job>(namespace, name).await?)
    }
}

/// What the store says of an execution.
struct Kept {
    recorded: Recorded,
    attempt: Option<u32>,
    run: Option<Progress>,
    judged: Option<Conclusion>,
    delivery: Option<ExecutionDelivery>,
    trouble: Option<String>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { recorded: Recorded::Away, attempt: None, run: None, judged: None, delivery: None, trouble: None }
    }
}

/// The plan that the status names for the Job of this attempt.
fn told_plan(observed: &Observed) -> Option<String> {
    let job = observed.previous.job.as_ref()?;
    let same = u32::try_from(job.attempt).is_ok_and(|attempt| attempt == observed.execution.attempt);
    (same && !job.plan_hash.is_empty()).then(|| job.plan_hash.clone())
}

fn slim(job: &Job) -> Option<SlimJob> {
    serde_json::to_value(job).ok().and_then(|value| serde_json::from_value(value).ok())
}

/// The plan that a Job was made of.
pub(crate) fn plan_hash(job: &Job) -> String {
    let annotations = job.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(ANNOTATION_PLAN_HASH)).cloned().unwrap_or_default()
}

/// Adds what only a final status tells: the end of the log and the first files.
/// A store that does not answer delays no verdict.
pub(crate) async fn add_evidence(context: &Context, observed: &mut Observed) {
    if let Err(error) = try_evidence(context, observed).await {
        let name = &observed.execution.name;
        tracing::warn!(name, error = error_chain(&error), "the verdict is published without its evidence");
    }
}

async fn try_evidence(context: &Context, observed: &mut Observed) -> Result<(), LookError> {
    let uid = observed.execution.uid.clone();
    let tail = async { context.store.logs().tail(&uid, LOG_TAIL_BYTES).await.map_err(LookError::from) };
    let wanted = observed.run.as_ref().is_some_and(|run| run.artifacts.count > 0);
    let files = async {
        let files = if wanted { context.store.artifacts().list(&uid).await? } else { Vec::new() };
        Ok::<_, LookError>(files)
    };
    let (tail, files) = tokio::try_join!(tail, files)?;
    observed.log = LogFacts { bytes: tail.total_bytes, tail: tail.text };
    let first = files.into_iter().take(COLLECTED);
    observed.collected = first.map(|file| Collected { path: file.name, size: file.size }).collect();
    Ok(())
}
