//! When a look at a rollback is due.

use std::sync::Arc;

use assay_telemetry::error_chain;
use tokio::sync::{broadcast, mpsc};

use super::controller::Controller;
use super::keys::{all, concerned};
use super::look::look;
use crate::gitops::{Key, News, hear};
use crate::hands::Hands;
use crate::work::{self, Next};

/// Looks after all rollbacks.
pub(crate) async fn run(hands: Hands, news: broadcast::Receiver<News>) {
    let (context, gitops) = (Arc::clone(&hands.context), Arc::clone(&hands.gitops));
    let (send, triggers) = mpsc::unbounded_channel();
    let (metrics, concurrency) = (context.metrics.of_loop("rollbacks"), context.settings.concurrency);
    let controller = Arc::new(Controller::new(hands));
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
