//! The controller of workflows: is it valid, and how did its last execution end?

use std::sync::Arc;
use std::time::Duration;

use assay_api::{LastExecution, TestWorkflow, TestWorkflowSpec};
use assay_cluster::WatchOptions;
use assay_lifecycle::fold_workflow;
use assay_plan::validate_workflow;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::visit::{Key, feed, next};
use super::wording::lines;
use crate::context::Context;
use crate::execution::Finished;
use crate::failure::LookError;
use crate::work::{self, Trigger};

/// Ends of executions that come close together are written once.
const GATHER: Duration = Duration::from_secs(5);
/// The newest executions among which the last one that ended is looked for.
const NEWEST: usize = 20;

/// Looks after all workflows. `ended` tells of executions that ended.
pub(crate) async fn run(context: Arc<Context>, mut ended: mpsc::UnboundedReceiver<Finished>) {
    let watch = context.cluster.watch::<TestWorkflow>(WatchOptions {
        namespace: context.settings.namespace.clone(),
        trim,
        ..WatchOptions::default()
    });
    let (send, triggers) = mpsc::unbounded_channel();
    let concurrency = context.settings.concurrency;
    let gather = async {
        while let Some(Finished { namespace, workflow }) = ended.recv().await {
            let _ = send.send(Trigger::Within((namespace, workflow), GATHER));
        }
    };
    let look = move |key: Key| {
        let context = Arc::clone(&context);
        async move { next("workflow", &key, judge(&context, &key).await) }
    };
    tokio::join!(feed(watch, observed, &send), gather, work::run(triggers, concurrency, look));
}

/// Only what tells whether a look is needed is kept of a workflow.
fn trim(workflow: &mut TestWorkflow) {
    workflow.spec = TestWorkflowSpec::default();
    workflow.metadata.annotations = None;
    if let Some(status) = &mut workflow.status {
        status.diagnostics = Vec::new();
        status.last_execution = None;
    }
}

fn observed(workflow: &TestWorkflow) -> Option<i64> {
    workflow.status.as_ref().map(|status| status.observed_generation)
}

async fn judge(context: &Context, (namespace, name): &Key) -> Result<(), LookError> {
    let Some(workflow) = context.cluster.get::<TestWorkflow>(namespace, name).await? else { return Ok(()) };
    if workflow.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let (errors, warnings) = lines(&validate_workflow(&workflow.spec, None));
    let last = last_execution(context, namespace, name).await?;
    let previous = workflow.status.clone().unwrap_or_default();
    let generation = workflow.metadata.generation.unwrap_or(0);
    let status = fold_workflow(&previous, generation, &errors, &warnings, last, Timestamp::now());
    if status == previous {
        return Ok(());
    }
    let uid = workflow.metadata.uid.as_deref();
    match context.cluster.patch_status::<TestWorkflow>(namespace, name, uid, &status).await {
        Err(error) if error.not_found() || error.conflict() => Ok(()),
        other => Ok(other.map(drop)?),
    }
}

async fn last_execution(context: &Context, namespace: &str, name: &str) -> Result<Option<LastExecution>, LookError> {
    let page = context.store.executions(namespace, Some(name), NEWEST, None).await?;
    let ended = page.items.into_iter().filter_map(|record| {
        let conclusion = record.conclusion?;
        let (verdict, finished_at) = (conclusion.verdict, Some(conclusion.finished_at));
        Some(LastExecution { name: record.name, verdict, finished_at })
    });
    Ok(ended.max_by_key(|last| last.finished_at))
}
