//! What every look at a rollback holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::locks::Locks;
use crate::context::Context;
use crate::git::Git;
use crate::gitops::{Gitops, Key};
use crate::hands::Hands;

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
    /// Remembers nothing yet.
    pub(super) fn new(hands: Hands) -> Self {
        let Hands { context, git, gitops } = hands;
        Self { context, git, gitops, locks: Locks::default(), asked: Mutex::default() }
    }

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
