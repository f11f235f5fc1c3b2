//! When a look at a rollback is due.

use std::sync::Arc;

use assay_telemetry::error_chain;
use tokio::sync::{broadcast, mpsc};

use super::controller::Controller;
use super::dry_runs;
use super::keys::{all, concerned};
use super::look::look;
use super::retention;
use crate::failure::LookError;
use crate::gitops::{Key, News, hear};
use crate::hands::Hands;
use crate::work::{self, Next, Trigger};

/// Looks after all rollbacks.
pub(crate) async fn run(hands: Hands, news: broadcast::Receiver<News>) {
    let (context, gitops) = (Arc::clone(&hands.context), Arc::clone(&hands.gitops));
    let superfluous = retention::run(&context, &gitops, gitops.listen());
    let (send, triggers) = mpsc::unbounded_channel();
    let (metrics, concurrency) = (context.metrics.of_loop("rollbacks"), context.settings.concurrency);
    let (ask, questions) = mpsc::unbounded_channel();
    let of_dry_runs = context.metrics.of_loop("dry-runs");
    let controller = Arc::new(Controller::new(hands));
    let feed = hear(news, |news| {
        let asking = dry_runs::concerned(news.as_ref(), &gitops);
        asking.into_iter().for_each(|gate| drop(ask.send(Trigger::Now(gate))));
        let records = gitops.rollbacks.all();
        let triggers = news.map_or_else(|| all(&records), |news| concerned(&news, &records));
        // Nobody receives only when everything ends.
        triggers.into_iter().for_each(|trigger| drop(send.send(trigger)));
    });
    let looks = work::run(triggers, concurrency, metrics, |key: Key| {
        let controller = Arc::clone(&controller);
        async move { look(&controller, &key).await.unwrap_or_else(|error| failed(&key, &error, "a rollback")) }
    });
    let answers = work::run(questions, concurrency, of_dry_runs, |gate: Key| {
        let controller = Arc::clone(&controller);
        async move { dry_runs::look(&controller, &gate).await.unwrap_or_else(|error| failed(&gate, &error, "dry runs")) }
    });
    tokio::join!(feed, superfluous, async {
        // Before everything was listed once, what speaks against a rollback may not be seen.
        tokio::join!(gitops.synced(), gitops.grants.synced());
        tokio::join!(looks, answers);
    });
}

fn failed((namespace, name): &Key, error: &LookError, what: &str) -> Next {
    tracing::warn!(namespace, name, error = error_chain(error), "a look at {what} failed");
    Next::Failed(error.failure())
}
