//! What the manager waits for, told by `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Things that are waited for, by name, each with what is said about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awaited(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Awaited {
    /// Waits for the thing; calling it again changes what is said.
    pub(crate) fn wait(&self, thing: &'static str, words: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(thing, words.into());
    }

    /// The thing is there.
    pub(crate) fn done(&self, thing: &'static str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(thing);
    }

    /// What is waited for, one line each; empty when all is there.
    pub(crate) fn lines(&self) -> String {
        let awaited = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        awaited.iter().map(|(thing, words)| format!("waiting for {thing}: {words}\n")).collect()
    }
}
