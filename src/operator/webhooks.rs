//! What forges may say: their secrets, known from the last look at each grant, and the pushes that they told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use assay_api::ForgeKind;
use assay_git::Secret;
use assay_gitops::webhook::PushEvent;
use tokio::sync::broadcast;

/// Pushes that wait to be heard. They are hints: who misses one looks when its time comes.
const PUSHES: usize = 256;

/// What forges may say. The server asks here, and tells here.
#[derive(Debug)]
pub struct Webhooks {
    secrets: Mutex<HashMap<String, (ForgeKind, Secret)>>,
    pushes: broadcast::Sender<PushEvent>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { secrets: Mutex::default(), pushes: broadcast::channel(PUSHES).0 }
    }
}

impl Webhooks {
    /// The forge of a grant, and what it signs its webhooks with. Answered from memory: whoever asks is not known.
    pub fn secret(&self, grant: &str) -> Option<(ForgeKind, Secret)> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).get(grant).cloned()
    }

    /// The forge says that a branch moved. A hint to look.
    pub fn pushed(&self, push: PushEvent) {
        // Nobody listens before the controllers run, or when everything ends.
        let _ = self.pushes.send(push);
    }

    /// What forges say from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<PushEvent> {
        self.pushes.subscribe()
    }

    /// What was read of a grant.
    pub(crate) fn learn(&self, grant: &str, known: Option<(ForgeKind, Secret)>) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(known) => drop(secrets.insert(grant.to_owned(), known)),
            None => drop(secrets.remove(grant)),
        }
    }
}
