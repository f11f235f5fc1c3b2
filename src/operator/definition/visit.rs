//! What the controllers of definitions share: when to look at one, and what to
//! do when a look failed.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use assay_cluster::{Change, Watch};
use assay_telemetry::error_chain;
use futures::StreamExt;
use kube::Resource;
use tokio::sync::mpsc;

use crate::failure::LookError;
use crate::work::{Next, Trigger};

/// Namespace and name.
pub(super) type Key = (String, String);

/// What was judged by an earlier process is judged once more, because this one
/// may know better. Not all at once: nobody waits for it.
const REVISION: Duration = Duration::from_secs(60);

/// Asks for a look at each object whose newest generation nobody has judged
/// yet, and at each of the first list. `seen` hears of everything that is there
/// (`true`) or gone.
pub(super) async fn feed<K: Resource>(
    mut watch: Watch<K>,
    observed: fn(&K) -> Option<i64>,
    send: &mpsc::UnboundedSender<Trigger<Key>>,
    seen: impl Fn(&Key, &K, bool),
) {
    let (mut first, chance) = (true, RandomState::new());
    while let Some(change) = watch.changes.next().await {
        let (object, there) = match change {
            Change::Applied(object) => (object, true),
            Change::Gone(object) => (object, false),
            Change::Synced => {
                first = !watch.shelf.is_synced();
                continue;
            }
        };
        let metadata = object.meta();
        let (Some(namespace), Some(name)) = (&metadata.namespace, &metadata.name) else { continue };
        let key = (namespace.clone(), name.clone());
        seen(&key, &object, there);
        // Nobody receives only when everything ends.
        if there && observed(&object) != metadata.generation {
            let _ = send.send(Trigger::Now(key));
        } else if there && first {
            let part = u32::try_from(chance.hash_one(&key) % 1024).unwrap_or(0);
            let _ = send.send(Trigger::Within(key, REVISION * part / 1024));
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
