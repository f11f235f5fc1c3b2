//! The controller of workflows: is it valid, and how did its last execution end?

use std::sync::Arc;
use std::time::Duration;

use assay_api::{LastExecution, TemplateRef, TestWorkflow, TestWorkflowSpec};
use assay_cluster::WatchOptions;
use assay_lifecycle::fold_workflow;
use assay_plan::{templates_used, validate_workflow};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::used;
use super::users::Users;
use super::visit::{Key, feed, next};
use super::wording::lines;
use crate::context::Context;
use crate::failure::LookError;
use crate::finished::Finished;
use crate::work::{self, Trigger};

/// Ends of executions that come close together are written once.
const GATHER: Duration = Duration::from_secs(5);
/// The newest executions among which the last one that ended is looked for.
const NEWEST: usize = 20;

/// Looks after all workflows. `ended` tells of executions that ended, `changed`
/// of templates that changed.
pub(crate) async fn run(
    context: Arc<Context>,
    mut ended: mpsc::UnboundedReceiver<Finished>,
    mut changed: mpsc::UnboundedReceiver<Key>,
) {
    let watch = context.cluster.watch::<TestWorkflow>(WatchOptions {
        namespaces: context.settings.namespaces.clone(),
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
    let users = Users::default();
    let revise = async {
        while let Some(template) = changed.recv().await {
            users.of(&template).into_iter().for_each(|workflow| drop(send.send(Trigger::Now(workflow))));
        }
    };
    let seen = |key: &Key, workflow: &TestWorkflow, there: bool| {
        let used = workflow.spec.use_.iter().filter(|_| there).map(|reference| reference.name.clone());
        users.set(key, used.collect());
    };
    let metrics = context.metrics.of_loop("workflows");
    let look = move |key: Key| {
        let context = Arc::clone(&context);
        async move { next("workflow", &key, judge(&context, &key).await) }
    };
    let looks = work::run(triggers, concurrency, metrics, look);
    tokio::join!(feed(watch, observed, &send, seen), gather, revise, looks);
}

/// Only what tells whether a look is needed is kept of a workflow: among it the
/// names of the templates that it uses anywhere.
fn trim(workflow: &mut TestWorkflow) {
    let used = templates_used(&workflow.spec).into_iter().map(str::to_owned);
    let used = used.map(|name| TemplateRef { name, ..TemplateRef::default() }).collect();
    workflow.spec = TestWorkflowSpec { use_: used, ..TestWorkflowSpec::default() };
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
    let used = used::fetch(context, namespace, &workflow.spec).await?;
    let (errors, warnings) = lines(&validate_workflow(&workflow.spec, Some(&used.found)));
    // Without the store the last execution stays as it is known.
    let last = last_execution(context, namespace, name).await;
    let last = last.inspect_err(|error| tracing::warn!(namespace, name, error = error_chain(error), "no history"));
    let last = last.ok().flatten();
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
