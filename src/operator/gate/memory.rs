//! What is remembered of a gate between two looks. None of it is the truth: losing it costs a request that is
//! answered "it is there already".

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use assay_api::TestGateStatus;
use assay_gitops::gate::{RollbackSeen, RunEnd};

use crate::gitops::Key;

/// What is remembered of one gate.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// Uid of the gate that it is about.
    pub(super) uid: String,
    /// The status that we wrote last: newer than what the watch shows for a moment.
    pub(super) published: Option<TestGateStatus>,
    /// Executions that we made.
    pub(super) made: BTreeSet<String>,
    /// Executions that the watch has shown.
    pub(super) sighted: BTreeSet<String>,
    /// Executions that the cluster does not take, and why.
    pub(super) refused: BTreeMap<String, RunEnd>,
    /// The record of the newest rollback, as it was made or seen last, and its name.
    pub(super) rollback: Option<(String, RollbackSeen)>,
}

impl Memory {
    /// Forgets the executions that the gate does not speak of any more.
    pub(super) fn keep_only(&mut self, names: &BTreeSet<String>) {
        self.made.retain(|name| names.contains(name));
        self.sighted.retain(|name| names.contains(name));
        self.refused.retain(|name, _| names.contains(name));
    }
}

/// The memories of all gates.
#[derive(Debug, Default)]
pub(crate) struct Memories(Mutex<HashMap<Key, Memory>>);

impl Memories {
    /// Takes the memory for a look; [`Memories::keep`] puts it back. Another gate of that name has none.
    pub(super) fn take(&self, key: &Key, uid: &str) -> Memory {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        known.filter(|known| known.uid == uid).unwrap_or_else(|| Memory { uid: uid.to_owned(), ..Memory::default() })
    }

    /// Puts a memory back.
    pub(super) fn keep(&self, key: &Key, memory: Memory) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), memory);
    }

    /// The gate is gone.
    pub(super) fn forget(&self, key: &Key) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
