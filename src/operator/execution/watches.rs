//! What wakes an execution: its object, its Job, its pods, and its runner's
//! words, which arrive in the store.

use std::sync::Arc;

use assay_api::TestExecution;
use assay_cluster::{Change, SlimJob, SlimPod, Watch, WatchOptions};
use assay_store::Store;
use futures::StreamExt;
use tokio::sync::{broadcast, mpsc};

use super::controller::{Controller, Finished};
use super::memory::Memories;
use crate::context::Context;
use crate::work::{self, Trigger};

/// Looks after all executions. `finished` hears of each one that ends.
pub(crate) async fn run(context: Arc<Context>, finished: mpsc::UnboundedSender<Finished>) {
    let namespace = context.settings.namespace.clone();
    let news = context.store.changes();
    let executions = context.cluster.watch::<TestExecution>(WatchOptions {
        namespace: namespace.clone(),
        index: |execution| execution.metadata.uid.as_deref(),
        trim: super::facts::trim,
        ..WatchOptions::default()
    });
    let jobs = context.cluster.watch_jobs(namespace.as_deref());
    let pods = context.cluster.watch_pods(namespace.as_deref());
    let (send, triggers) = mpsc::unbounded_channel();
    let (concurrency, store) = (context.settings.concurrency, context.store.clone());
    let controller = Arc::new(Controller {
        context,
        executions: executions.shelf.clone(),
        jobs: jobs.shelf.clone(),
        pods: pods.shelf.clone(),
        memories: Memories::default(),
        finished,
    });
    let look = {
        let controller = Arc::clone(&controller);
        move |uid: String| {
            let controller = Arc::clone(&controller);
            async move { controller.look(&uid).await }
        }
    };
    let forget = Arc::clone(&controller);
    tokio::join!(
        feed(
            executions,
            &send,
            |execution: &TestExecution| execution.metadata.uid.clone(),
            move |uid| {
                forget.memories.forget(uid);
            }
        ),
        feed(jobs, &send, |job: &SlimJob| job.execution_uid().map(str::to_owned), |_| {}),
        feed(pods, &send, |pod: &SlimPod| pod.execution_uid().map(str::to_owned), |_| {}),
        listen(news, &send, &store, &controller),
        async {
            // Before all three lists are complete, what is not there may only not be known yet.
            controller.executions.synced().await;
            controller.jobs.synced().await;
            controller.pods.synced().await;
            tracing::info!(executions = controller.executions.len(), "looking after executions");
            work::run(triggers, concurrency, look).await;
        },
    );
}

/// Wakes the execution of every object that changes.
async fn feed<K>(
    mut watch: Watch<K>,
    send: &mpsc::UnboundedSender<Trigger<String>>,
    uid: impl Fn(&K) -> Option<String>,
    gone: impl Fn(&str),
) {
    while let Some(change) = watch.changes.next().await {
        let uid = match &change {
            Change::Applied(object) => uid(object),
            Change::Gone(object) => uid(object).inspect(|uid| gone(uid)),
            Change::Synced => None,
        };
        if let Some(uid) = uid {
            // Nobody receives only when everything ends.
            let _ = send.send(Trigger::Now(uid));
        }
    }
}

/// Wakes the execution whose runner spoke: this is the way on which a verdict
/// arrives, so nothing is gathered or delayed here.
async fn listen(
    mut news: broadcast::Receiver<assay_store::RunChange>,
    send: &mpsc::UnboundedSender<Trigger<String>>,
    store: &Store,
    controller: &Controller,
) {
    loop {
        match news.recv().await {
            Ok(change) => drop(send.send(Trigger::Now(change.execution_uid))),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "news of runners were missed; looking at every execution");
                let all =
                    controller.executions.all().into_iter().filter_map(|execution| execution.metadata.uid.clone());
                all.for_each(|uid| drop(send.send(Trigger::Now(uid))));
            }
            Err(broadcast::error::RecvError::Closed) => news = store.changes(),
        }
    }
}
