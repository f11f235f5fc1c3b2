//! What is known of the objects of Argo CD and Flux.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value;
use tokio::sync::watch;

/// Which object changed. Without namespace and name: the kind was installed, listed, or removed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryKey {
    /// Its kind: `Application`, `Kustomization`, `HelmRelease`, `GitRepository` or `ImageUpdateAutomation`.
    pub kind: &'static str,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl DeliveryKey {
    /// Whether the kind as such changed, and with it possibly every object.
    pub fn is_kind(&self) -> bool {
        self.name.is_empty()
    }
}

/// Namespace and name.
pub(super) type Name = (String, String);

/// The objects of one kind.
#[derive(Debug, Default)]
pub(super) struct Kind {
    pub(super) objects: HashMap<Name, Arc<Value>>,
    /// How many lists of this kind are complete and kept up to date.
    pub(super) served: usize,
    /// Why the kind cannot be read at present, for people.
    pub(super) trouble: Option<String>,
}

/// The objects of Argo CD and Flux as the watches know them, without what nobody reads. A kind is there only while
/// it is installed. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DeliveryShelf {
    state: Arc<RwLock<BTreeMap<&'static str, Kind>>>,
    synced: watch::Receiver<bool>,
}

impl DeliveryShelf {
    pub(super) fn read(&self) -> RwLockReadGuard<'_, BTreeMap<&'static str, Kind>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<&'static str, Kind>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object of this kind, namespace and name.
    pub fn get(&self, kind: &str, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.read().get(kind)?.objects.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// All objects of a kind.
    pub fn of_kind(&self, kind: &str) -> Vec<Arc<Value>> {
        self.read().get(kind).map(|kind| kind.objects.values().cloned().collect()).unwrap_or_default()
    }

    /// Whether the kind is installed and was listed.
    pub fn served(&self, kind: &str) -> bool {
        self.read().get(kind).is_some_and(|kind| kind.served > 0)
    }

    /// Why a kind that may be installed cannot be read, for people.
    pub fn trouble(&self, kind: &str) -> Option<String> {
        self.read().get(kind)?.trouble.clone()
    }

    /// Whether every kind was either listed or found not to be installed: before, an object that is not here may
    /// exist all the same.
    pub fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Waits until [`Self::is_synced`], or the watch is gone.
    pub async fn synced(&self) {
        let mut synced = self.synced.clone();
        // An error means that the watch is gone, which whoever drives it knows.
        drop(synced.wait_for(|done| *done).await);
    }
}

/// Counts the lists that gave no answer so far.
pub(super) struct Missing {
    lists: AtomicUsize,
    synced: watch::Sender<bool>,
}

impl Missing {
    /// One list gave its first answer.
    pub(super) fn answered(&self) {
        if self.lists.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.synced.send_replace(true);
        }
    }
}

/// An empty shelf that this many lists will fill.
pub(super) fn shelf(lists: usize) -> (DeliveryShelf, Arc<Missing>) {
    let (synced, receiver) = watch::channel(lists == 0);
    let missing = Missing { lists: AtomicUsize::new(lists), synced };
    (DeliveryShelf { state: Arc::default(), synced: receiver }, Arc::new(missing))
}
