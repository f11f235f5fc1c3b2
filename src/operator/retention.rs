//! Removes what need not be kept any longer: finished executions, and what the
//! store has of them. Which ones is a rule of `assay-lifecycle`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use assay_api::{DurationText, Phase, Retention, TestExecution, TestGate, TestWorkflow};
use assay_cluster::{Cluster, Shelf};
use assay_lifecycle::{Finished as FinishedExecution, Limits, superfluous};
use assay_store::{RetentionRule, Store};
use assay_telemetry::error_chain;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::context::Context;
use crate::execution::is_kept;
use crate::failure::LookError;
use crate::finished::Finished;
use crate::gitops::Key;

/// Time between two looks at everything.
const INTERVAL: Duration = Duration::from_secs(300);
/// Ends of executions that come close together are looked at together.
const GATHER: Duration = Duration::from_secs(10);
/// More executions of one workflow are not removed at a time: others want to
/// use the API server, too.
const BATCH: usize = 100;

/// Finished executions by workflow.
type ByWorkflow = BTreeMap<Finished, Vec<FinishedExecution>>;

/// Looks for what need not be kept any longer: after executions ended, and from time to time. `gates`, where they
/// are looked after, have the say before it.
pub(crate) async fn run(
    context: Arc<Context>,
    executions: Shelf<TestExecution>,
    gates: Option<Shelf<TestGate>>,
    mut ended: mpsc::UnboundedReceiver<Finished>,
) {
    executions.synced().await;
    if let Some(gates) = &gates {
        gates.synced().await;
    }
    let awaited = || awaited(gates.iter().flat_map(|gates| gates.all()));
    let mut removed = Vec::new();
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
                forget_again(&context.store, &mut removed).await;
            }
        }
        let finished = by_workflow(&executions, &awaited());
        for workflow in workflows {
            let known = finished.get(&workflow).map(Vec::as_slice).unwrap_or_default();
            if let Err(error) = sweep(&context, &executions, &workflow, known, &mut removed).await {
                let Finished { namespace, workflow } = &workflow;
                tracing::warn!(namespace, workflow, error = error_chain(&error), "retention was put off");
            }
        }
    }
}

/// Every workflow of which something is kept, in the namespaces that are looked
/// after: of others it is not known what is there.
async fn all(context: &Context, executions: &Shelf<TestExecution>) -> BTreeSet<Finished> {
    let mut all: BTreeSet<Finished> = by_workflow(executions, &BTreeSet::new()).into_keys().collect();
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

/// Executions whose end a gate has not written down yet: without them it would take them for lost.
fn awaited(gates: impl IntoIterator<Item = Arc<TestGate>>) -> BTreeSet<Key> {
    let mut awaited = BTreeSet::new();
    for gate in gates {
        let namespace = gate.metadata.namespace.clone().unwrap_or_default();
        let current = gate.status.iter().flat_map(|status| &status.current);
        let runs = current.flat_map(|current| &current.executions).filter(|run| run.verdict.is_none());
        awaited.extend(runs.map(|run| (namespace.clone(), run.name.clone())));
    }
    awaited
}

fn by_workflow(executions: &Shelf<TestExecution>, awaited: &BTreeSet<Key>) -> ByWorkflow {
    let mut all = ByWorkflow::new();
    for execution in executions.all() {
        if let Some((workflow, finished)) = finished(&execution, awaited) {
            all.entry(workflow).or_default().push(finished);
        }
    }
    all
}

fn finished(execution: &TestExecution, awaited: &BTreeSet<Key>) -> Option<(Finished, FinishedExecution)> {
    let status = execution.status.as_ref().filter(|status| status.phase == Phase::Finished)?;
    let metadata = &execution.metadata;
    if metadata.deletion_timestamp.is_some() {
        return None;
    }
    let (namespace, name) = (metadata.namespace.clone()?, metadata.name.clone()?);
    let workflow = Finished { namespace: namespace.clone(), workflow: execution.spec.workflow_ref.name.clone() };
    let finished = FinishedExecution {
        name: name.clone(),
        uid: metadata.uid.clone()?,
        finished_at: status.finished_at?,
        kept: is_kept(execution) || awaited.contains(&(namespace, name)),
    };
    Some((workflow, finished))
}

/// Removes what is beyond the limits of one workflow.
async fn sweep(
    context: &Context,
    executions: &Shelf<TestExecution>,
    workflow: &Finished,
    known: &[FinishedExecution],
    removed: &mut Vec<String>,
) -> Result<(), LookError> {
    let Finished { namespace, workflow: name } = workflow;
    let definition = context.cluster.get::<TestWorkflow>(namespace, name).await?;
    let own = definition.and_then(|definition| definition.spec.retention);
    let limits = limits(own.as_ref(), &context.settings.retention);
    let now = Timestamp::now();
    for execution in superfluous(known, &limits, now).into_iter().rev().take(BATCH) {
        remove(&context.cluster, &context.store, namespace, execution).await?;
        removed.push(execution.uid.clone());
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

/// Removes an execution and what is kept of it. The record goes first: an object without one is found by the next
/// sweep, a record without its object by nobody.
async fn remove(
    cluster: &Cluster,
    store: &Store,
    namespace: &str,
    execution: &FinishedExecution,
) -> Result<(), LookError> {
    store.forget(&execution.uid).await?;
    cluster.delete_exactly::<TestExecution>(namespace, &execution.name, &execution.uid).await?;
    // A look at the execution may have told the store of its end once more in between.
    store.forget(&execution.uid).await?;
    Ok(())
}

/// Forgets what was removed earlier: a look that was under way then may have told the store of it again.
async fn forget_again(store: &Store, removed: &mut Vec<String>) {
    for uid in std::mem::take(removed) {
        if let Err(error) = store.forget(&uid).await {
            tracing::warn!(uid, error = error_chain(&error), "a record without its execution is removed later");
            removed.push(uid);
        }
    }
}

/// The workflow's own limits where it has some. What is no duration counts as not given.
fn limits(own: Option<&Retention>, defaults: &Limits) -> Limits {
    let age = own.and_then(|own| own.age.as_ref()).map(DurationText::parse).and_then(Result::ok);
    let count = own.and_then(|own| own.count).and_then(|count| usize::try_from(count).ok());
    Limits { age: age.or(defaults.age), count: count.or(defaults.count) }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicBool, Ordering};

    use assay_store::{Begin, StoreConfig};
    use axum::http::{Request, Response};
    use futures::future::BoxFuture;
    use kube::Client;
    use kube::client::Body;
    use tower::service_fn;

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
        let (workflow, execution) = finished(&ended, &BTreeSet::new()).expect("it ended");
        assert_eq!((workflow.namespace.as_str(), workflow.workflow.as_str()), ("ns", "w"));
        assert!(!execution.kept);
        for unfinished in [serde_json::json!({ "phase": "Running" }), serde_json::json!({})] {
            assert_eq!(finished(&read(unfinished), &BTreeSet::new()), None);
        }
        let gate = |executions: serde_json::Value| -> Arc<TestGate> {
            let gate = serde_json::json!({
                "metadata": { "name": "g", "namespace": "ns" },
                "spec": { "delivery": { "kind": "Application", "name": "web" }, "workflows": [] },
                "status": { "current": { "revision": "r", "executions": executions } },
            });
            Arc::new(serde_json::from_value(gate).expect("a gate"))
        };
        let run = |name: &str| serde_json::json!({ "name": name, "workflow": "w", "run": 1 });
        let waits = awaited([gate(serde_json::json!([run("e")]))]);
        assert!(finished(&ended, &waits).expect("it ended").1.kept, "its gate has not written down how it ended");
        let mut judged = run("e");
        judged["verdict"] = serde_json::json!("passed");
        let waits = awaited([gate(serde_json::json!([judged, run("other")]))]);
        assert!(!finished(&ended, &waits).expect("it ended").1.kept);
    }

    async fn store(folder: &tempfile::TempDir) -> Store {
        let config = StoreConfig { reserve: Some(0), ..StoreConfig::folder(folder.path()) };
        Store::open_with(config).await.expect("a store")
    }

    /// A cluster in which every request takes effect by `act` and succeeds.
    fn cluster(act: impl Fn() -> BoxFuture<'static, ()> + Send + 'static) -> Cluster {
        let service = service_fn(move |_: Request<Body>| {
            let acted = act();
            async move {
                acted.await;
                let answer = r#"{ "kind": "Status", "apiVersion": "v1", "status": "Success" }"#;
                Ok::<_, Infallible>(Response::new(Body::from(answer.as_bytes().to_vec())))
            }
        });
        Cluster::from_client(Client::new(service, "default"), "test")
    }

    fn ended() -> FinishedExecution {
        FinishedExecution { name: "e".into(), uid: "u".into(), finished_at: Timestamp::UNIX_EPOCH, kept: false }
    }

    fn begun() -> Begin {
        Begin {
            namespace: "ns".into(),
            name: "e".into(),
            uid: "u".into(),
            workflow: "w".into(),
            attempt: 1,
            plan_hash: String::new(),
            delivery: None,
        }
    }

    #[tokio::test]
    async fn an_object_stays_as_long_as_the_store_keeps_its_record() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.close().await;
        let asked = Arc::new(AtomicBool::new(false));
        let asks = Arc::clone(&asked);
        let cluster = cluster(move || {
            asks.store(true, Ordering::SeqCst);
            Box::pin(std::future::ready(()))
        });
        remove(&cluster, &store, "ns", &ended()).await.expect_err("the store is closed");
        assert!(!asked.load(Ordering::SeqCst), "the object would leave a record that nobody finds");
    }

    #[tokio::test]
    async fn a_record_that_a_look_makes_meanwhile_goes_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder).await;
        store.begin(&begun()).await.expect("begun");
        let told = store.clone();
        let cluster = cluster(move || {
            let told = told.clone();
            Box::pin(async move { told.begin(&begun()).await.expect("begun") })
        });
        remove(&cluster, &store, "ns", &ended()).await.expect("removed");
        assert_eq!(store.execution_by_uid("u").await.expect("an answer"), None);
        // Or even later.
        store.begin(&begun()).await.expect("begun");
        let mut removed = vec!["u".to_owned()];
        forget_again(&store, &mut removed).await;
        assert_eq!(store.execution_by_uid("u").await.expect("an answer"), None);
        assert!(removed.is_empty());
    }
}
