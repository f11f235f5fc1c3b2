//! Everything that is known of an execution now.

use std::sync::Arc;
use std::time::Duration;

use assay_api::names::ANNOTATION_PLAN_HASH;
use assay_api::{Phase, TestExecution};
use assay_cluster::SlimJob;
use assay_lifecycle::{Collected, JobFacts, LogFacts, Observed, Planned, Recorded};
use assay_plan::Rendered;
use assay_telemetry::error_chain;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;

use super::controller::Controller;
use super::memory::Memory;
use super::{facts, planning};
use crate::context::Context;
use crate::failure::LookError;

/// A Job that we applied is believed in for so long without the watch showing it.
const BELIEVED: Duration = Duration::from_secs(30);
const LOG_TAIL_BYTES: usize = 2048;
const COLLECTED: usize = 20;

/// What is known, and what is applied if that is decided.
pub(crate) struct Look {
    pub(crate) observed: Observed,
    pub(crate) rendered: Option<Box<Rendered>>,
}

impl Controller {
    /// Observes an execution.
    pub(crate) async fn observe(&self, object: &TestExecution, memory: &mut Memory) -> Result<Look, LookError> {
        let execution = facts::execution(object);
        let status = object.status.clone().unwrap_or_default();
        let previous = memory.published.clone().unwrap_or(status);
        let record = self.context.store.execution_by_uid(&execution.uid).await?;
        let recorded = match record.as_ref().map(|record| record.conclusion.is_some()) {
            None if previous.phase == Phase::Finished => Recorded::Open,
            None => Recorded::Unknown,
            Some(false) => Recorded::Open,
            Some(true) => Recorded::Concluded,
        };
        let mut observed = Observed {
            planned: Planned::NotAsked,
            job: None,
            pods: self.pods.indexed(&execution.uid).iter().map(|pod| facts::pod(pod)).collect(),
            run: record.and_then(|record| record.progress),
            log: LogFacts::default(),
            collected: Vec::new(),
            recorded,
            seen: memory.seen.clone(),
            refused: memory.refused.clone(),
            execution,
            previous,
        };
        observed.job = self.job(object, &observed, memory).await?;
        self.add_words(object, &mut observed).await;
        let over = observed.previous.phase == Phase::Finished || observed.execution.deleting;
        let had_job = observed.job.is_some() || observed.previous.job.is_some();
        if over || had_job || observed.execution.cancel || observed.run.as_ref().is_some_and(|r| r.outcome.is_some()) {
            return Ok(Look { observed, rendered: None });
        }
        let (planned, rendered) = planning::plan(&self.context, object).await?;
        observed.planned = planned;
        Ok(Look { observed, rendered })
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
        if let Some(applied) = memory.applied {
            job.created_at = applied.created_at;
        }
        let known = memory.plan_hash.clone().or(observed.previous.job.as_ref().map(|job| job.plan_hash.clone()));
        job.plan_hash = match known {
            Some(hash) => hash,
            None => self
                .asked_job(namespace, &observed.execution.job_name)
                .await?
                .map(|job| plan_hash(&job))
                .unwrap_or_default(),
        };
        memory.plan_hash = Some(job.plan_hash.clone());
        let deadlines = match memory.deadlines {
            Some(deadlines) => deadlines,
            None => planning::deadlines_again(&self.context, object).await?,
        };
        memory.deadlines = Some(deadlines);
        (job.start_timeout, job.execution_timeout) = (deadlines.start, deadlines.execution);
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
            memory.sighted = true;
            return Ok(Some(facts::job(&job, uid)));
        }
        if memory.sighted || observed.previous.phase == Phase::Finished {
            return Ok(None);
        }
        if let Some(applied) = memory.applied.filter(|applied| applied.at.elapsed() < BELIEVED) {
            let job = SlimJob::default();
            return Ok(Some(JobFacts { created_at: applied.created_at, foreign: false, ..facts::job(&job, uid) }));
        }
        if memory.applied.is_none() && observed.previous.job.is_none() {
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

fn slim(job: &Job) -> Option<SlimJob> {
    serde_json::to_value(job).ok().and_then(|value| serde_json::from_value(value).ok())
}

fn plan_hash(job: &Job) -> String {
    let annotations = job.metadata.annotations.as_ref();
    annotations.and_then(|annotations| annotations.get(ANNOTATION_PLAN_HASH)).cloned().unwrap_or_default()
}

/// Adds what only a final status tells: the end of the log and the first files.
pub(crate) async fn add_evidence(context: &Context, observed: &mut Observed) -> Result<(), LookError> {
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
