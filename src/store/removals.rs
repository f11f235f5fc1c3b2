//! When bytes may be removed: not while everything is being copied.

use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// Shared by all who remove and by who copies.
#[derive(Clone, Debug, Default)]
pub(crate) struct Removals(Arc<RwLock<()>>);

impl Removals {
    /// Waits until bytes may be removed; they may as long as the answer is held.
    pub(crate) async fn allowed(&self) -> OwnedRwLockReadGuard<()> {
        Arc::clone(&self.0).read_owned().await
    }

    /// The same when it takes no waiting.
    pub(crate) fn allowed_now(&self) -> Option<OwnedRwLockReadGuard<()>> {
        Arc::clone(&self.0).try_read_owned().ok()
    }

    /// Nothing is removed as long as the answer is held.
    pub(crate) async fn suspended(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.0).write_owned().await
    }
}
