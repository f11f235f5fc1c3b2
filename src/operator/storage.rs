//! Whether the store does its work. It cannot say so by itself, so it is asked.

use std::sync::Arc;
use std::time::Duration;

use assay_telemetry::error_chain;
use tokio::sync::watch;

use crate::context::Context;

/// Time between two questions.
const INTERVAL: Duration = Duration::from_secs(5);

/// Asks the store from time to time, and tells what keeps it from its work.
pub(crate) async fn run(context: Arc<Context>, told: watch::Sender<Option<String>>) {
    loop {
        let words = context.store.healthy().await.err().map(|error| error_chain(&error));
        // Numbers in the words change; who waits for a change means another state.
        told.send_if_modified(|known| {
            let changed = known.is_some() != words.is_some();
            match (&words, changed) {
                (Some(words), true) => tracing::error!(words, "the store does not do its work; runs go on"),
                (None, true) => tracing::info!("the store does its work again"),
                (_, false) => {}
            }
            if changed {
                known.clone_from(&words);
            }
            changed
        });
        tokio::time::sleep(INTERVAL).await;
    }
}
