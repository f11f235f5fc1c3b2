//! Which object is looked at next. Each key is in one look at a time, waits
//! once however often it is woken, and has one timer.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;

use tokio::time::Instant;

/// Keys that wait, are being looked at, or have a timer.
#[derive(Debug)]
pub(crate) struct Queue<K> {
    ready: VecDeque<K>,
    queued: HashSet<K>,
    /// Being looked at; `true` when it was woken meanwhile.
    busy: HashMap<K, bool>,
    timers: BTreeSet<(Instant, K)>,
    due: HashMap<K, Instant>,
}

impl<K: Clone + Eq + Hash + Ord> Queue<K> {
    /// An empty queue.
    pub(crate) fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            queued: HashSet::new(),
            busy: HashMap::new(),
            timers: BTreeSet::new(),
            due: HashMap::new(),
        }
    }

    /// The key is to be looked at as soon as possible.
    pub(crate) fn wake(&mut self, key: K) {
        if let Some(again) = self.busy.get_mut(&key) {
            *again = true;
        } else if self.queued.insert(key.clone()) {
            self.unset(&key);
            self.ready.push_back(key);
        }
    }

    /// The key is to be looked at by then, or earlier.
    pub(crate) fn wake_by(&mut self, key: K, at: Instant) {
        if !self.queued.contains(&key) && self.due.get(&key).is_none_or(|due| at < *due) {
            self.unset(&key);
            self.timers.insert((at, key.clone()));
            self.due.insert(key, at);
        }
    }

    /// The next key to look at. It is busy until [`Queue::done`].
    pub(crate) fn take(&mut self) -> Option<K> {
        let key = self.ready.pop_front()?;
        self.queued.remove(&key);
        self.busy.insert(key.clone(), false);
        Some(key)
    }

    /// The look is over. Returns whether the key was woken meanwhile, which
    /// makes it ready again.
    pub(crate) fn done(&mut self, key: &K) -> bool {
        let again = self.busy.remove(key).unwrap_or(false);
        if again {
            self.wake(key.clone());
        }
        again
    }

    /// Makes ready what is due.
    pub(crate) fn ripen(&mut self, now: Instant) {
        while let Some((at, key)) = self.timers.first().cloned() {
            if at > now {
                return;
            }
            self.unset(&key);
            self.wake(key);
        }
    }

    /// How many keys are ready to be looked at.
    pub(crate) fn len(&self) -> usize {
        self.ready.len()
    }

    /// When the next timer is due.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    fn unset(&mut self, key: &K) {
        if let Some(at) = self.due.remove(key) {
            self.timers.remove(&(at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_key_waits_once_and_is_in_one_look_at_a_time() {
        let mut queue = Queue::new();
        queue.wake("a");
        queue.wake("a");
        queue.wake("b");
        assert_eq!((queue.take(), queue.take(), queue.take()), (Some("a"), Some("b"), None));
        queue.wake("a");
        assert_eq!(queue.take(), None, "it is being looked at");
        assert!(queue.done(&"a"));
        assert_eq!(queue.take(), Some("a"));
        assert!(!queue.done(&"a"));
        assert!(!queue.done(&"b"));
        assert_eq!(queue.take(), None);
    }

    #[test]
    fn the_earliest_timer_counts_and_a_look_unsets_it() {
        let (mut queue, now) = (Queue::new(), Instant::now());
        let after = |seconds| now + Duration::from_secs(seconds);
        queue.wake_by("a", after(9));
        queue.wake_by("a", after(5));
        queue.wake_by("a", after(7));
        queue.wake_by("b", after(6));
        assert_eq!(queue.deadline(), Some(after(5)));
        queue.ripen(after(5));
        assert_eq!((queue.take(), queue.take()), (Some("a"), None));
        queue.wake("b");
        assert_eq!(queue.deadline(), None, "an early look unsets the timer");
        queue.ripen(after(60));
        assert_eq!((queue.take(), queue.take()), (Some("b"), None));
    }
}
