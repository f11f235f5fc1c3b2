//! What every look at a rollback holds, and when one is due.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use assay_telemetry::error_chain;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use super::keys::{all, concerned};
use super::locks::Locks;
use super::look::look;
use crate::context::Context;
use crate::git::Git;
use crate::gitops::{Gitops, Key, News, hear};
use crate::hands::Hands;
use crate::work::{self, Next};

/// A controller of deliveries is asked to look at Git no more often than this.
const ASK: Duration = Duration::from_secs(15);

/// What a look at a rollback needs.
pub(super) struct Controller {
    pub(super) context: Arc<Context>,
    pub(super) git: Arc<Git>,
    pub(super) gitops: Arc<Gitops>,
    pub(super) locks: Locks,
    /// When the controller of a record's delivery was asked last. Only to ask less often.
    asked: Mutex<HashMap<Key, Instant>>,
}

impl Controller {
    /// Whether the delivery's controller may be asked again. `true` counts as asked.
    pub(super) fn may_ask(&self, key: &Key) -> bool {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.get(key).is_some_and(|at| at.elapsed() < ASK) {
            return false;
        }
        asked.insert(key.clone(), Instant::now());
        true
    }

    /// Nothing is remembered of a record that is over.
    pub(super) fn forget(&self, key: &Key) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

/// Looks after all rollbacks.
pub(crate) async fn run(hands: Hands, news: broadcast::Receiver<News>) {
    let Hands { context, git, gitops } = hands;
    let (send, triggers) = mpsc::unbounded_channel();
    let (metrics, concurrency) = (context.metrics.of_loop("rollbacks"), context.settings.concurrency);
    let controller = Arc::new(Controller {
        context,
        git,
        gitops: Arc::clone(&gitops),
        locks: Locks::default(),
        asked: Mutex::default(),
    });
    let feed = hear(news, |news| {
        let records = gitops.rollbacks.all();
        let triggers = news.map_or_else(|| all(&records), |news| concerned(&news, &records));
        // Nobody receives only when everything ends.
        triggers.into_iter().for_each(|trigger| drop(send.send(trigger)));
    });
    let looks = work::run(triggers, concurrency, metrics, |key: Key| {
        let controller = Arc::clone(&controller);
        async move {
            look(&controller, &key).await.unwrap_or_else(|error| {
                let (namespace, name) = &key;
                tracing::warn!(namespace, name, error = error_chain(&error), "a look at a rollback failed");
                Next::Failed(error.failure())
            })
        }
    });
    tokio::join!(feed, async {
        // Before everything was listed once, what speaks against a rollback may not be seen.
        tokio::join!(gitops.synced(), gitops.grants.synced());
        looks.await;
    });
}
