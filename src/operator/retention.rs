//! Removes what need not be kept any longer: finished executions, and what the
//! store has of them. Which ones is a rule of `assay-lifecycle`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use assay_api::{DurationText, Phase, Retention, TestExecution, TestWorkflow};
use assay_cluster::Shelf;
use assay_lifecycle::{Finished as FinishedExecution, Limits, superfluous};
use assay_store::RetentionRule;
use assay_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::context::Context;
use crate::execution::is_kept;
use crate::failure::LookError;
use crate::finished::Finished;

/// Time between two looks at everything.
const INTERVAL: Duration = Duration::from_secs(300);
/// Ends of executions that come close together are looked at together.
const GATHER: Duration = Duration::from_secs(10);
/// More executions of one workflow are not removed at a time: others want to
/// use the API server, too.
const BATCH: usize = 100;

/// Finished executions by workflow.
type ByWorkflow = BTreeMap<Finished, Vec<FinishedExecution>>;

/// Looks for what need not be kept any longer: after executions ended, and from time to time.
pub(crate) async fn run(
    context: Arc<Context>,
    executions: Shelf<TestExecution>,
    mut ended: mpsc::UnboundedReceiver<Finished>,
) {
    executions.synced().await;
    let mut everything = Instant::now() + GATHER;
    loop {
        let mut workflows = BTreeSet::new();
        tokio::select! {
            first = ended.recv() => {
                let Some(first) = first else { return };
                workflows.insert(first);
                tokio::time::sleep(GATHER).await;
                while let Ok(next) = ended.try_recv() {
                    workflows.insert(next);
                }
            }
            () = sleep_until(everything) => {
                everything = Instant::now() + INTERVAL;
                workflows = all(&context, &executions).await;
            }
        }
        let finished = by_workflow(&executions);
        for workflow in workflows {
            let known = finished.get(&workflow).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = sweep(&context, &executions, &workflow, known).await {
                let Finished { namespace, workflow } = &workflow;
                tracing::warn!(namespace, workflow, error = error_chain(&error), "retention was put off");
            }
        }
    }
}

/// Every workflow of which something is kept, in the namespaces that are looked
/// after: of others it is not known what is there.
async fn all(context: &Context, executions: &Shelf<TestExecution>) -> BTreeSet<Finished> {
    let mut all: BTreeSet<Finished> = by_workflow(executions).into_keys().collect();
    match context.store.workflows().await {
        Ok(kept) => {
            let watched = &context.settings.namespaces;
            let ours = kept.into_iter().filter(|kept| watched.is_empty() || watched.contains(&kept.namespace));
            all.extend(ours.map(|kept| Finished { namespace: kept.namespace, workflow: kept.workflow }));
        }
        Err(error) => tracing::warn!(error = error_chain(&error), "what the store keeps is not known"),
    }
    all
}

fn by_workflow(executions: &Shelf<TestExecution>) -> ByWorkflow {
    let mut all = ByWorkflow::new();
    for execution in executions.all() {
        if let Some((workflow, finished)) = finished(&execution) {
            all.entry(workflow).or_default().push(finished);
        }
    }
    all
}

fn finished(execution: &TestExecution) -> Option<(Finished, FinishedExecution)> {
    let status = execution.status.as_ref().filter(|status| status.phase == Phase::Finished)?;
    let metadata = &execution.metadata;
    if metadata.deletion_timestamp.is_some() {
        return None;
    }
    let workflow =
        Finished { namespace: metadata.namespace.clone()?, workflow: execution.spec.workflow_ref.name.clone() };
    let finished = FinishedExecution {
        name: metadata.name.clone()?,
        uid: metadata.uid.clone()?,
        finished_at: status.finished_at?,
        kept: is_kept(execution),
    };
    Some((workflow, finished))
}

/// Removes what is beyond the limits of one workflow.
async fn sweep(
    context: &Context,
    executions: &Shelf<TestExecution>,
    workflow: &Finished,
    known: &[FinishedExecution],
) -> Result<(), LookError> {
    let Finished { namespace, workflow: name } = workflow;
    let definition = context.cluster.get::<TestWorkflow>(namespace, name).await?;
    let own = definition.and_then(|definition| definition.spec.retention);
    let limits = limits(own.as_ref(), &context.settings.retention);
    let now = Timestamp::now();
    for execution in superfluous(known, &limits, now).into_iter().rev().take(BATCH) {
        context.cluster.delete_exactly::<TestExecution>(namespace, &execution.name, &execution.uid).await?;
        context.store.forget(&execution.uid).await?;
        context.metrics.removed();
        tracing::info!(namespace, name = execution.name, workflow = name, "an execution was removed by retention");
    }
    // Evidence outlives its object, but not for ever. What runs has an object.
    let rule = RetentionRule { namespace: namespace.clone(), workflow: name.clone(), age: limits.age, count: None };
    if rule.age.is_some() {
        for expired in context.store.expired(&rule, now).await? {
            if executions.indexed(&expired.uid).is_empty() {
                context.store.forget(&expired.uid).await?;
                tracing::info!(
                    namespace,
                    name = expired.name,
                    workflow = name,
                    "the record of an execution was removed"
                );
            }
        }
    }
    Ok(())
}

/// The workflow's own limits where it has some. What is no duration counts as not given.
fn limits(own: Option<&Retention>, defaults: &Limits) -> Limits {
    let age = own.and_then(|own| own.age.as_ref()).map(DurationText::parse).and_then(Result::ok);
    let count = own.and_then(|own| own.count).and_then(|count| usize::try_from(count).ok());
    Limits { age: age.or(defaults.age), count: count.or(defaults.count) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workflow_is_asked_before_the_defaults() {
        let day = Duration::from_secs(24 * 3600);
        let defaults = Limits { age: Some(30 * day), count: Some(500) };
        let own = |age: Option<&str>, count| Retention { age: age.map(DurationText::new), count };
        for (own, expected) in [
            (None, defaults),
            (Some(own(Some("48h"), None)), Limits { age: Some(2 * day), count: Some(500) }),
            (Some(own(None, Some(3))), Limits { age: Some(30 * day), count: Some(3) }),
            (Some(own(Some("soon"), None)), defaults),
        ] {
            assert_eq!(limits(own.as_ref(), &defaults), expected);
        }
    }

    #[test]
    fn only_what_ended_can_be_removed() {
        let read = |status: serde_json::Value| -> TestExecution {
            serde_json::from_value(serde_json::json!({
                "metadata": { "name": "e", "namespace": "ns", "uid": "u" },
                "spec": { "workflowRef": { "name": "w" } }, "status": status,
            }))
            .expect("an execution")
        };
        let ended = read(serde_json::json!({ "phase": "Finished", "finishedAt": "2026-01-01T00:00:00Z" }));
        let (workflow, execution) = finished(&ended).expect("it ended");
        assert_eq!((workflow.namespace.as_str(), workflow.workflow.as_str()), ("ns", "w"));
        assert!(!execution.kept);
        assert_eq!(finished(&read(serde_json::json!({ "phase": "Running" }))), None);
        assert_eq!(finished(&read(serde_json::json!({}))), None);
    }
}
