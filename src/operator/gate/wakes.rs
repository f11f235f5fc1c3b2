//! What makes looks at gates: the gates themselves, their executions and rollbacks, and what they read of Argo CD
//! and Flux.

use std::sync::Arc;

use assay_cluster::DeliveryKey;
use tokio::sync::{broadcast, mpsc};

use super::controller::Controller;
use super::known_trees::KnownTrees;
use super::memory::Memories;
use super::readers::Readers;
use crate::context::Context;
use crate::gitops::{Gitops, Key, News, wake};
use crate::work::{self, Trigger};

/// The controller of gates, and what wakes it.
pub(crate) struct Prepared {
    controller: Arc<Controller>,
    news: broadcast::Receiver<News>,
    send: mpsc::UnboundedSender<Trigger<Key>>,
    triggers: mpsc::UnboundedReceiver<Trigger<Key>>,
}

/// Makes the controller. From here on no news are missed.
pub(crate) fn prepare(context: &Arc<Context>, gitops: &Arc<Gitops>) -> Prepared {
    let (send, triggers) = mpsc::unbounded_channel();
    let controller = Controller {
        context: Arc::clone(context),
        gitops: Arc::clone(gitops),
        memories: Memories::default(),
        trees: KnownTrees::new(Arc::clone(&context.trees), send.clone()),
        readers: Readers::default(),
    };
    Prepared { controller: Arc::new(controller), news: gitops.listen(), send, triggers }
}

/// Looks after all gates.
pub(crate) async fn run(prepared: Prepared) {
    let Prepared { controller, news, send, triggers } = prepared;
    let concurrency = controller.context.settings.concurrency;
    let metrics = controller.context.metrics.of_loop("gates");
    let look = {
        let controller = Arc::clone(&controller);
        move |key: Key| {
            let controller = Arc::clone(&controller);
            async move { controller.look(&key).await }
        }
    };
    tokio::join!(wake(news, &send, |news| concerned(&controller, news), || controller.all()), async {
        // Before all lists are complete, what is not there may only not be known yet.
        controller.gitops.synced().await;
        tracing::info!(gates = controller.gitops.gates.len(), "looking after gates");
        work::run(triggers, concurrency, metrics, look).await;
    },);
}

/// The gates that something concerns.
pub(super) fn concerned(controller: &Controller, news: &News) -> Vec<Key> {
    match news {
        News::Gate(key) | News::Execution(key, _) => vec![key.clone()],
        News::Rollback((namespace, name)) => {
            let rollback = controller.gitops.rollbacks.get(namespace, name);
            rollback.map(|rollback| (namespace.clone(), rollback.spec.gate.clone())).into_iter().collect()
        }
        News::Delivery(key) if key.is_kind() => controller.all(),
        News::Delivery(DeliveryKey { kind, namespace, name }) => {
            controller.readers.of(&((*kind).to_owned(), namespace.clone(), name.clone()))
        }
        // What is delivered is what counts; a grant that opens a repository is heard of by the next question.
        News::Access(_) | News::Pushed(_) => Vec::new(),
    }
}

impl Controller {
    /// Every gate there is.
    pub(super) fn all(&self) -> Vec<Key> {
        let key = |gate: &assay_api::TestGate| Some((gate.metadata.namespace.clone()?, gate.metadata.name.clone()?));
        self.gitops.gates.all().iter().filter_map(|gate| key(gate)).collect()
    }
}
