//! Remembering for a short while which namespaces are restricted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(30);
/// More namespaces than this are not remembered at once.
const REMEMBERED: usize = 4096;

/// Answers of [`Cluster::namespace_is_restricted`] and when they were given.
#[derive(Default)]
pub(crate) struct RestrictedCache(Mutex<HashMap<String, (Instant, bool)>>);

impl RestrictedCache {
    pub(crate) fn get(&self, namespace: &str) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(namespace).filter(|(when, _)| when.elapsed() < BELIEVED).map(|(_, answer)| *answer)
    }

    pub(crate) fn put(&self, namespace: &str, answer: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(namespace.to_owned(), (Instant::now(), answer));
    }
}
