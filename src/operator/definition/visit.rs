//! What the controllers of definitions share: when to look at one, and what to
//! do when a look failed.

use assay_cluster::{Change, Watch};
use assay_telemetry::error_chain;
use futures::StreamExt;
use kube::Resource;
use tokio::sync::mpsc;

use crate::failure::LookError;
use crate::work::{Next, Trigger};

/// Namespace and name.
pub(super) type Key = (String, String);

/// Asks for a look at each object whose newest generation nobody has judged yet.
pub(super) async fn feed<K: Resource>(
    mut watch: Watch<K>,
    observed: fn(&K) -> Option<i64>,
    send: &mpsc::UnboundedSender<Trigger<Key>>,
) {
    while let Some(change) = watch.changes.next().await {
        let Change::Applied(object) = change else { continue };
        let metadata = object.meta();
        if observed(&object) != metadata.generation
            && let (Some(namespace), Some(name)) = (&metadata.namespace, &metadata.name)
        {
            // Nobody receives only when everything ends.
            let _ = send.send(Trigger::Now((namespace.clone(), name.clone())));
        }
    }
}

/// When to look again.
pub(super) fn next(what: &str, (namespace, name): &Key, looked: Result<(), LookError>) -> Next {
    match looked {
        Ok(()) => Next::OnChange,
        Err(error) => {
            tracing::warn!(namespace, name, error = error_chain(&error), "a look at a {what} failed");
            Next::Failed(error.failure())
        }
    }
}
