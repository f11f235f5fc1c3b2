//! A cache of answers: bounded in number and in age.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Answers by key.
#[derive(Debug)]
pub(crate) struct Cache<K, V> {
    entries: Mutex<HashMap<K, (Instant, V)>>,
    age: Duration,
    capacity: usize,
}

impl<K: Eq + Hash + Clone, V: Clone> Cache<K, V> {
    pub(crate) fn new(age: Duration, capacity: usize) -> Self {
        Self { entries: Mutex::default(), age, capacity }
    }

    /// The answer, unless it is too old.
    pub(crate) fn get(&self, key: &K) -> Option<V> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(since, _)| since.elapsed() < self.age).map(|(_, value)| value.clone())
    }

    /// Keeps an answer. A full cache drops what is too old, else whatever the
    /// hash table names first: nobody outside can choose whose answer goes.
    pub(crate) fn put(&self, key: K, value: V) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= self.capacity && !entries.contains_key(&key) {
            entries.retain(|_, (since, _)| since.elapsed() < self.age);
            if entries.len() >= self.capacity
                && let Some(victim) = entries.keys().next().cloned()
            {
                entries.remove(&victim);
            }
        }
        entries.insert(key, (Instant::now(), value));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Cache;

    #[test]
    fn it_is_bounded_in_number_and_age() {
        let cache = Cache::new(Duration::from_secs(60), 3);
        for number in 0..10 {
            cache.put(number, number);
        }
        assert_eq!(cache.get(&9), Some(9));
        assert_eq!((0..10).filter(|number| cache.get(number).is_some()).count(), 3);
        let short = Cache::new(Duration::ZERO, 3);
        short.put(1, 1);
        assert_eq!(short.get(&1), None);
    }
}
