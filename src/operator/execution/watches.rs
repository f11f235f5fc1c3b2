//! What wakes an execution: its object, its Job, its pods, and its runner's
//! words, which arrive in the store.

use std::sync::Arc;

use assay_api::{Phase, TestExecution};
use assay_cluster::{Change, SlimJob, SlimPod, Watch, WatchOptions};
use assay_store::{RunChange, Store};
use futures::StreamExt;
use tokio::sync::{broadcast, mpsc, watch};

use super::controller::Controller;
use super::memory::Memories;
use crate::context::Context;
use crate::finished::Listeners;
use crate::work::{self, Trigger};

/// The watches that wake executions.
pub(crate) struct Watches {
    executions: Watch<TestExecution>,
    jobs: Watch<SlimJob>,
    pods: Watch<SlimPod>,
    news: broadcast::Receiver<RunChange>,
}

/// The controller of executions, and what wakes it. `finished` hears of each
/// execution that ends; `store` tells what keeps the store from its work.
pub(crate) fn prepare(
    context: &Arc<Context>,
    finished: Listeners,
    store: watch::Receiver<Option<String>>,
) -> (Arc<Controller>, Watches) {
    let namespaces = &context.settings.namespaces;
    let news = context.store.changes();
    let executions = context.cluster.watch::<TestExecution>(WatchOptions {
        namespaces: namespaces.clone(),
        index: |execution| execution.metadata.uid.as_deref(),
        trim: super::facts::trim,
        ..WatchOptions::default()
    });
    let jobs = context.cluster.watch_jobs(namespaces);
    let pods = context.cluster.watch_pods(namespaces);
    let controller = Controller {
        context: Arc::clone(context),
        executions: executions.shelf.clone(),
        jobs: jobs.shelf.clone(),
        pods: pods.shelf.clone(),
        memories: Memories::default(),
        finished,
        store,
    };
    (Arc::new(controller), Watches { executions, jobs, pods, news })
}

/// Looks after all executions. `hear` is told of every change of one.
pub(crate) async fn run(controller: Arc<Controller>, watches: Watches, hear: impl Fn(&Change<TestExecution>)) {
    let Watches { executions, jobs, pods, news } = watches;
    let (send, triggers) = mpsc::unbounded_channel();
    let settings = &controller.context.settings;
    let (concurrency, store) = (settings.concurrency, controller.context.store.clone());
    let metrics = controller.context.metrics.of_loop("executions");
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
            hear,
            |execution: &TestExecution| execution.metadata.uid.clone(),
            move |uid| {
                forget.memories.forget(uid);
            }
        ),
        feed(jobs, &send, |_| {}, |job: &SlimJob| job.execution_uid().map(str::to_owned), |_| {}),
        feed(pods, &send, |_| {}, |pod: &SlimPod| pod.execution_uid().map(str::to_owned), |_| {}),
        listen(news, &send, &store, &controller),
        storage(controller.store.clone(), &send, &controller),
        async {
            // Before all three lists are complete, what is not there may only not be known yet.
            controller.executions.synced().await;
            controller.jobs.synced().await;
            controller.pods.synced().await;
            tracing::info!(executions = controller.executions.len(), "looking after executions");
            work::run(triggers, concurrency, metrics, look).await;
        },
    );
}

/// Wakes the execution of every object that changes.
async fn feed<K>(
    mut watch: Watch<K>,
    send: &mpsc::UnboundedSender<Trigger<String>>,
    hear: impl Fn(&Change<K>),
    uid: impl Fn(&K) -> Option<String>,
    gone: impl Fn(&str),
) {
    while let Some(change) = watch.changes.next().await {
        hear(&change);
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
    mut news: broadcast::Receiver<RunChange>,
    send: &mpsc::UnboundedSender<Trigger<String>>,
    store: &Store,
    controller: &Controller,
) {
    loop {
        match news.recv().await {
            Ok(change) => drop(send.send(Trigger::Now(change.execution_uid))),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "news of runners were missed; looking at every execution");
                wake(send, controller, |_| true);
            }
            Err(broadcast::error::RecvError::Closed) => news = store.changes(),
        }
    }
}

/// Wakes what goes on when the store ceases or begins to do its work: it is to
/// be said, and what was missed is to be told.
async fn storage(
    mut store: watch::Receiver<Option<String>>,
    send: &mpsc::UnboundedSender<Trigger<String>>,
    controller: &Controller,
) {
    while store.changed().await.is_ok() {
        let back = store.borrow_and_update().is_none();
        let goes_on =
            |execution: &TestExecution| execution.status.as_ref().is_none_or(|status| status.phase != Phase::Finished);
        // Also what ended meanwhile is told to a store that is back.
        wake(send, controller, |execution| back || goes_on(execution));
    }
    // Whoever asks the store is gone, and with it everything else, soon.
    std::future::pending::<()>().await;
}

fn wake(
    send: &mpsc::UnboundedSender<Trigger<String>>,
    controller: &Controller,
    which: impl Fn(&TestExecution) -> bool,
) {
    let all = controller.executions.all().into_iter().filter(|execution| which(execution));
    all.filter_map(|execution| execution.metadata.uid.clone()).for_each(|uid| drop(send.send(Trigger::Now(uid))));
}
