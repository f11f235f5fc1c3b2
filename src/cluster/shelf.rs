//! What a watch has seen, kept for reading: by name, and by one further key.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use kube::{Resource, ResourceExt};
use tokio::sync::watch;

/// Namespace and name.
type Key = (String, String);

/// The objects of one kind, as the watch knows them. Cheap to clone.
#[derive(Debug)]
pub struct Shelf<K> {
    state: Arc<RwLock<State<K>>>,
    synced: watch::Receiver<bool>,
}

impl<K> Clone for Shelf<K> {
    fn clone(&self) -> Self {
        Self { state: Arc::clone(&self.state), synced: self.synced.clone() }
    }
}

#[derive(Debug)]
struct State<K> {
    objects: HashMap<Key, Arc<K>>,
    index: HashMap<String, HashSet<Key>>,
}

impl<K> Shelf<K> {
    fn read(&self) -> RwLockReadGuard<'_, State<K>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The object of that name.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.read().objects.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    /// The objects under one key of the index: for Pods and Jobs the uid of their execution.
    pub fn indexed(&self, key: &str) -> Vec<Arc<K>> {
        let state = self.read();
        let keys = state.index.get(key).into_iter().flatten();
        keys.filter_map(|key| state.objects.get(key).cloned()).collect()
    }

    /// All objects.
    pub fn all(&self) -> Vec<Arc<K>> {
        self.read().objects.values().cloned().collect()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.read().objects.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the first list is complete.
    pub fn is_synced(&self) -> bool {
        *self.synced.borrow()
    }

    /// Waits until the first list is complete, or the watch is gone.
    pub async fn synced(&self) {
        let mut synced = self.synced.clone();
        // An error means that the watch is gone, which whoever drives it knows.
        drop(synced.wait_for(|done| *done).await);
    }
}

/// The writing side of a [`Shelf`]: one for each list that fills it.
pub(crate) struct Filler<K> {
    state: Arc<RwLock<State<K>>>,
    synced: Arc<Missing>,
    complete: bool,
    /// The namespace of the list; everything when absent.
    namespace: Option<String>,
    index: fn(&K) -> Option<&str>,
    listed: Option<HashMap<Key, Arc<K>>>,
}

/// What a new list changed.
pub(crate) struct Difference<K> {
    pub(crate) applied: Vec<Arc<K>>,
    pub(crate) gone: Vec<Arc<K>>,
}

/// The lists that were never complete so far.
struct Missing {
    lists: AtomicUsize,
    synced: watch::Sender<bool>,
}

/// A shelf, and for each of the namespaces (all of them when there is none) who fills it.
pub(crate) fn shelf<K>(index: fn(&K) -> Option<&str>, namespaces: &[String]) -> (Shelf<K>, Vec<Filler<K>>) {
    let state = Arc::new(RwLock::new(State { objects: HashMap::new(), index: HashMap::new() }));
    let (synced, receiver) = watch::channel(false);
    let missing = Arc::new(Missing { lists: AtomicUsize::new(namespaces.len().max(1)), synced });
    let filler = |namespace: Option<&String>| Filler {
        state: Arc::clone(&state),
        synced: Arc::clone(&missing),
        complete: false,
        namespace: namespace.cloned(),
        index,
        listed: None,
    };
    let fillers = match namespaces {
        [] => vec![filler(None)],
        some => some.iter().map(|namespace| filler(Some(namespace))).collect(),
    };
    (Shelf { state, synced: receiver }, fillers)
}

impl<K: Resource<DynamicType = ()>> Filler<K> {
    /// The namespace that is to be listed; all when absent.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(crate) fn apply(&mut self, object: K) -> Arc<K> {
        let object = Arc::new(object);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.put(self.index, Arc::clone(&object));
        object
    }

    pub(crate) fn remove(&mut self, object: K) -> Arc<K> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.take(self.index, &key(&object));
        Arc::new(object)
    }

    pub(crate) fn begin_list(&mut self) {
        self.listed = Some(HashMap::new());
    }

    pub(crate) fn list(&mut self, object: K) {
        self.listed.get_or_insert_default().insert(key(&object), Arc::new(object));
    }

    /// Puts the new list in place of the old one.
    pub(crate) fn end_list(&mut self) -> Difference<K> {
        let listed = self.listed.take().unwrap_or_default();
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let ours = |key: &Key| self.namespace.as_ref().is_none_or(|namespace| *namespace == key.0);
        let missing = state.objects.keys().filter(|key| ours(key) && !listed.contains_key(*key)).cloned();
        let missing: Vec<Key> = missing.collect();
        let gone = missing.iter().filter_map(|key| state.take(self.index, key)).collect();
        let mut applied = Vec::new();
        for (key, object) in listed {
            let same = |known: &Arc<K>| {
                known.uid() == object.uid()
                    && known.resource_version().is_some()
                    && known.resource_version() == object.resource_version()
            };
            if !state.objects.get(&key).is_some_and(same) {
                state.put(self.index, Arc::clone(&object));
                applied.push(object);
            }
        }
        drop(state);
        if !std::mem::replace(&mut self.complete, true) && self.synced.lists.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.synced.synced.send_replace(true);
        }
        Difference { applied, gone }
    }
}

impl<K: Resource<DynamicType = ()>> State<K> {
    fn put(&mut self, index: fn(&K) -> Option<&str>, object: Arc<K>) {
        let key = key(object.as_ref());
        self.take(index, &key);
        if let Some(group) = index(&object) {
            self.index.entry(group.to_owned()).or_default().insert(key.clone());
        }
        self.objects.insert(key, object);
    }

    fn take(&mut self, index: fn(&K) -> Option<&str>, key: &Key) -> Option<Arc<K>> {
        let object = self.objects.remove(key)?;
        if let Some(group) = index(&object)
            && let Some(keys) = self.index.get_mut(group)
        {
            keys.remove(key);
            if keys.is_empty() {
                self.index.remove(group);
            }
        }
        Some(object)
    }
}

fn key<K: Resource<DynamicType = ()>>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}
