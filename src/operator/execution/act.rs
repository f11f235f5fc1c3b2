//! Decisions carried out. Everything here may be done twice.

use assay_api::names::{ANNOTATION_PLAN_HASH, FIELD_MANAGER_OPERATOR};
use assay_cluster::{Cascade, ClusterError, EventKind};
use assay_lifecycle::{ExecutionFacts, Refusal, Severity};
use assay_plan::Rendered;
use assay_protocol::ingest::Commands;
use assay_protocol::rest::Conclusion;
use assay_store::{Begin, RecordError};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::ConfigMap;
use tokio::time::Instant;

use super::memory::{Applied, Memory};
use super::planning::Plan;
use super::{facts, hook, observe};
use crate::context::Context;
use crate::failure::LookError;

/// What came of applying.
pub(crate) enum Application {
    /// ConfigMap and Job exist.
    Done,
    /// The cluster does not take them.
    Refused(Refusal),
}

/// Applies ConfigMap and Job. The store hears of the attempt first, because
/// the runner may speak before this function returns. When it does not listen,
/// the run begins all the same, and the store hears of it later.
pub(crate) async fn apply(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    plan: &Plan,
    memory: &mut Memory,
) -> Result<Application, LookError> {
    let rendered = &plan.rendered;
    tell_begin(context, namespace, execution, &rendered.plan_hash, memory).await;
    let mut plan_hash = rendered.plan_hash.clone();
    let created_at = match apply_both(context, namespace, execution, rendered).await {
        // By our own clock, because the API server rounds to seconds.
        Ok(()) => Timestamp::now(),
        Err(error) if error.refused() || error.not_found() => match ours(context, namespace, execution).await? {
            Some(job) => {
                // An earlier look made it, of the workflow as it was then.
                plan_hash = observe::plan_hash(&job);
                facts::created_at(&job.metadata)
            }
            None => return Ok(Application::Refused(refusal(&error))),
        },
        Err(error) => return Err(error.into()),
    };
    memory.written = Some(Instant::now());
    let attempt = &mut memory.attempt;
    attempt.applied = Some(Applied { at: Instant::now(), created_at });
    attempt.plan_hash = Some(plan_hash);
    attempt.terms = Some(plan.terms);
    attempt.refused = None;
    Ok(Application::Done)
}

/// A Job that is there tells whoever comes later that nothing is left to be
/// applied, so what its pods mount is there before it.
async fn apply_both(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    rendered: &Rendered,
) -> Result<(), ClusterError> {
    apply_plan(context, namespace, execution, rendered).await?;
    context.cluster.apply(&rendered.job, FIELD_MANAGER_OPERATOR).await.map(drop)
}

/// An immutable ConfigMap that an interrupted attempt left behind, made of an
/// earlier form of the workflow, is replaced, unless a Job mounts it.
async fn apply_plan(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    rendered: &Rendered,
) -> Result<(), ClusterError> {
    let Err(error) = context.cluster.apply(&rendered.config_map, FIELD_MANAGER_OPERATOR).await else { return Ok(()) };
    if !error.refused() {
        return Err(error);
    }
    let name = rendered.config_map.metadata.name.as_deref().unwrap_or_default();
    let known = context.cluster.get::<ConfigMap>(namespace, name).await?;
    let hash = known.as_ref().and_then(|known| known.metadata.annotations.as_ref()?.get(ANNOTATION_PLAN_HASH));
    let in_use = ours(context, namespace, execution).await?.is_some();
    if known.is_none() || hash == Some(&rendered.plan_hash) || in_use {
        return Err(error);
    }
    context.cluster.delete::<ConfigMap>(namespace, name, Cascade::Background).await?;
    context.cluster.apply(&rendered.config_map, FIELD_MANAGER_OPERATOR).await.map(drop)
}

/// The Job, if it is there already and ours.
async fn ours(context: &Context, namespace: &str, execution: &ExecutionFacts) -> Result<Option<Job>, ClusterError> {
    let known = context.cluster.get::<Job>(namespace, &execution.job_name).await?;
    Ok(known.filter(|job| job.metadata.owner_references.iter().flatten().any(|owner| owner.uid == execution.uid)))
}

/// What is wrong with the object itself stays wrong; quotas and policies change.
fn refusal(error: &ClusterError) -> Refusal {
    let lasting = matches!(error.code(), Some(400 | 413 | 422));
    Refusal { lasting, message: error.message().map_or_else(|| error_chain(error), str::to_owned) }
}

fn begin(namespace: &str, execution: &ExecutionFacts, plan_hash: &str) -> Begin {
    Begin {
        namespace: namespace.to_owned(),
        name: execution.name.clone(),
        uid: execution.uid.clone(),
        workflow: execution.workflow.clone(),
        attempt: execution.attempt,
        plan_hash: plan_hash.to_owned(),
        delivery: execution.delivery.as_ref().map(hook::record),
    }
}

/// Tells the store of the attempt. That it does not listen is remembered.
pub(crate) async fn tell_begin(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    plan_hash: &str,
    memory: &mut Memory,
) {
    let told = context.store.begin(&begin(namespace, execution, plan_hash)).await;
    memory.attempt.unbegun = heard(told, namespace, execution);
}

/// Gives the store what somebody asked for.
pub(crate) async fn tell_commands(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    commands: &Commands,
    memory: &mut Memory,
) {
    let told = context.store.set_commands(&execution.uid, commands).await;
    memory.untold = heard(told, namespace, execution);
    if memory.untold.is_none() {
        memory.commanded = Some(commands.clone());
    }
}

/// Why the store did not listen.
fn heard<T>(told: Result<T, RecordError>, namespace: &str, execution: &ExecutionFacts) -> Option<String> {
    let words = error_chain(&told.err()?);
    tracing::warn!(namespace, name = execution.name, error = words, "the store was not told; it is told later");
    Some(words)
}

/// Tells the store the final judgement. An execution that ended before it had
/// a Job is made known by this.
pub(crate) async fn conclude(
    context: &Context,
    namespace: &str,
    execution: &ExecutionFacts,
    conclusion: &Conclusion,
) -> Result<(), LookError> {
    match context.store.conclude(&execution.uid, conclusion).await {
        Err(RecordError::Unknown) => {
            context.store.begin(&begin(namespace, execution, "")).await?;
            Ok(context.store.conclude(&execution.uid, conclusion).await?)
        }
        other => Ok(other?),
    }
}

/// Deletes a Job.
pub(crate) async fn delete_job(
    context: &Context,
    namespace: &str,
    name: &str,
    foreground: bool,
) -> Result<(), LookError> {
    let cascade = if foreground { Cascade::Foreground } else { Cascade::Background };
    Ok(context.cluster.delete::<Job>(namespace, name, cascade).await?)
}

/// The kind of Kubernetes Event for a severity.
pub(crate) fn event_kind(severity: Severity) -> EventKind {
    match severity {
        Severity::Normal => EventKind::Normal,
        Severity::Warning => EventKind::Warning,
    }
}
