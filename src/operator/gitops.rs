//! The watches of the GitOps loop: gates, rollbacks and deliveries, each watched once, and what changes in them
//! told to every controller that wants to hear of it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use assay_api::{GitWriteAccess, Rollback, TestExecution, TestGate};
use assay_cluster::{Change, DeliveryKey, DeliveryShelf, DeliveryWatch, Shelf, Watch, WatchOptions};
use assay_gitops::Objects;
use assay_gitops::webhook::PushEvent;
use futures::StreamExt;
use kube::Resource;
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};

use crate::context::Context;
use crate::work::Trigger;

/// Namespace and name.
pub(crate) type Key = (String, String);

/// News that wait for a listener. Who hears of them too late looks at everything.
const NEWS: usize = 4096;

/// Something of the loop is new, or another, or gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A gate.
    Gate(Key),
    /// A rollback.
    Rollback(Key),
    /// A grant, by its name.
    Access(String),
    /// An object of Argo CD or Flux.
    Delivery(DeliveryKey),
    /// An execution that a gate made: that gate, and the execution's name.
    Execution(Key, String),
    /// A branch, as its forge says. A hint: it may be said twice, or not at all.
    Pushed(Arc<PushEvent>),
}

/// What is known of the loop.
pub(crate) struct Gitops {
    /// All gates.
    pub(crate) gates: Shelf<TestGate>,
    /// All rollbacks.
    pub(crate) rollbacks: Shelf<Rollback>,
    /// All grants.
    pub(crate) grants: Shelf<GitWriteAccess>,
    /// All objects of Argo CD and Flux that are read.
    pub(crate) deliveries: DeliveryShelf,
    /// All executions.
    pub(crate) executions: Shelf<TestExecution>,
    made: Mutex<HashMap<String, BTreeSet<String>>>,
    news: broadcast::Sender<News>,
}

/// The watches that fill it.
pub(crate) struct Watches {
    gates: Watch<TestGate>,
    rollbacks: Watch<Rollback>,
    grants: Watch<GitWriteAccess>,
    deliveries: DeliveryWatch,
}

/// The watches of the loop, of which none has begun, and what they fill.
pub(crate) fn prepare(context: &Context, executions: Shelf<TestExecution>) -> (Arc<Gitops>, Watches) {
    let namespaces = &context.settings.namespaces;
    let gates = context.cluster.watch(WatchOptions { namespaces: namespaces.clone(), ..WatchOptions::default() });
    let rollbacks = context.cluster.watch(WatchOptions { namespaces: namespaces.clone(), ..WatchOptions::default() });
    let grants = context.cluster.watch_cluster_wide(|_| {});
    let deliveries = context.cluster.watch_deliveries(namespaces);
    let gitops = Gitops {
        gates: gates.shelf.clone(),
        rollbacks: rollbacks.shelf.clone(),
        grants: grants.shelf.clone(),
        deliveries: deliveries.shelf.clone(),
        executions,
        made: Mutex::default(),
        news: broadcast::channel(NEWS).0,
    };
    (Arc::new(gitops), Watches { gates, rollbacks, grants, deliveries })
}

/// The objects of Argo CD and Flux, as the watches know them.
impl Objects for Gitops {
    fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.deliveries.get(kind, namespace, name)
    }

    fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        self.deliveries.of_kind(kind)
    }
}

impl Gitops {
    /// What happens from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
    }

    /// Waits until what is not there does not exist, grants aside: no gate waits for them.
    pub(crate) async fn synced(&self) {
        self.gates.synced().await;
        self.rollbacks.synced().await;
        self.deliveries.synced().await;
        self.executions.synced().await;
    }

    /// Names of the executions that the gate of this uid made, as far as they exist.
    pub(crate) fn made_by(&self, gate_uid: &str) -> BTreeSet<String> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).get(gate_uid).cloned().unwrap_or_default()
    }

    /// Hears of every execution: those that a gate made are noted.
    pub(crate) fn hear(&self, change: &Change<TestExecution>) {
        let (execution, there) = match change {
            Change::Applied(execution) => (execution, true),
            Change::Gone(execution) => (execution, false),
            Change::Synced => return,
        };
        let metadata = &execution.metadata;
        let (Some(namespace), Some(name)) = (&metadata.namespace, &metadata.name) else { return };
        let owners = metadata.owner_references.iter().flatten();
        for gate in owners.filter(|owner| owner.kind == TestGate::kind(&())) {
            let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
            let names = made.entry(gate.uid.clone()).or_default();
            if there {
                names.insert(name.clone())
            } else {
                names.remove(name)
            };
            if names.is_empty() {
                made.remove(&gate.uid);
            }
            drop(made);
            self.tell(News::Execution((namespace.clone(), gate.name.clone()), name.clone()));
        }
    }

    /// Tells everybody who listens.
    pub(crate) fn tell(&self, news: News) {
        // Nobody listens only when everything ends, or before it began.
        let _ = self.news.send(news);
    }
}

/// Fills the shelves and tells the news, for ever.
pub(crate) async fn run(gitops: Arc<Gitops>, watches: Watches) {
    let Watches { gates, rollbacks, grants, mut deliveries } = watches;
    tokio::join!(
        feed(gates, &gitops, News::Gate),
        feed(rollbacks, &gitops, News::Rollback),
        feed(grants, &gitops, |(_, name)| News::Access(name)),
        async {
            while let Some(key) = deliveries.changes.next().await {
                gitops.tell(News::Delivery(key));
            }
        },
    );
}

async fn feed<K: Resource>(mut watch: Watch<K>, gitops: &Gitops, news: fn(Key) -> News) {
    while let Some(change) = watch.changes.next().await {
        let (Change::Applied(object) | Change::Gone(object)) = change else { continue };
        let metadata = object.meta();
        if let Some(name) = &metadata.name {
            gitops.tell(news((metadata.namespace.clone().unwrap_or_default(), name.clone())));
        }
    }
}

/// Turns news into looks, for ever: `concerned` names the keys that one concerns, `all` every key there is, for
/// when news were missed.
pub(crate) async fn wake<K>(
    news: broadcast::Receiver<News>,
    send: &mpsc::UnboundedSender<Trigger<K>>,
    concerned: impl Fn(&News) -> Vec<K>,
    all: impl Fn() -> Vec<K>,
) {
    hear(news, |news| {
        let keys = news.map_or_else(&all, |news| concerned(&news));
        keys.into_iter().for_each(|key| drop(send.send(Trigger::Now(key))));
    })
    .await;
}

/// Hears news for ever; `None` when some were missed.
pub(crate) async fn hear(mut news: broadcast::Receiver<News>, mut told: impl FnMut(Option<News>)) {
    loop {
        match news.recv().await {
            Ok(news) => told(Some(news)),
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "news of the GitOps loop were missed; looking at everything");
                told(None);
            }
            // Whoever tells the news is gone, and with it everything else, soon.
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}

/// Namespace and name of an object.
pub(crate) fn key_of<K: Resource>(object: &K) -> Key {
    let metadata = object.meta();
    (metadata.namespace.clone().unwrap_or_default(), metadata.name.clone().unwrap_or_default())
}
