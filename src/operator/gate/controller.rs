//! What every look at a gate holds, and what makes looks.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};

use super::memory::Memories;
use super::trees::KnownTrees;
use super::wakes::{Readers, concerned};
use crate::context::Context;
use crate::gitops::{Gitops, Key, News, wake};
use crate::work::{self, Trigger};

/// What a look at a gate needs.
pub(crate) struct Controller {
    pub(crate) context: Arc<Context>,
    pub(crate) gitops: Arc<Gitops>,
    pub(crate) memories: Memories,
    pub(crate) trees: KnownTrees,
    pub(crate) readers: Readers,
}

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
