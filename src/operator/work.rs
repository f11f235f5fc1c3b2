//! The loop that every controller runs: keys in, looks out, at most so many at
//! a time, with timers and with waits after failures.

use std::collections::HashMap;
use std::future::Future;
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::Duration;

use assay_lifecycle::{Failure, delay};
use futures::StreamExt;
use futures::future::{Either, pending};
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;

use crate::metrics::LoopMetrics;
use crate::queue::Queue;

/// When a key is to be looked at again, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Only when something changes.
    OnChange,
    /// After this time at the latest.
    Within(Duration),
    /// The look failed.
    Failed(Failure),
}

/// Something that wakes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trigger<K> {
    /// At once.
    Now(K),
    /// Within this time: what happens meanwhile is looked at together.
    Within(K, Duration),
}

/// Looks at keys until the triggers end.
pub(crate) async fn run<K, F, R>(
    mut triggers: mpsc::UnboundedReceiver<Trigger<K>>,
    limit: usize,
    metrics: LoopMetrics,
    look: F,
) where
    K: Clone + Eq + Hash + Ord + Send + 'static,
    F: Fn(K) -> R,
    R: Future<Output = Next> + Send + 'static,
{
    let (queue, chance) = (Queue::<K>::new(), RandomState::new());
    let mut work = Work { queue, failures: HashMap::new(), chance, metrics };
    let mut looks = FuturesUnordered::new();
    loop {
        while looks.len() < limit
            && let Some(key) = work.queue.take()
        {
            let task = AbortOnDropHandle::new(tokio::spawn(look(key.clone())));
            // A panic is a failure of this key, not of the controller.
            looks.push(async move { (key, task.await.unwrap_or(Next::Failed(Failure::Bug))) });
        }
        work.metrics.queued(work.queue.len());
        let timer = work.queue.deadline().map_or(Either::Left(pending()), |at| Either::Right(sleep_until(at)));
        tokio::select! {
            biased;
            Some((key, next)) = looks.next() => work.settle(key, next),
            trigger = triggers.recv() => match trigger {
                Some(trigger) => work.wake(trigger),
                None => return,
            },
            () = timer => work.queue.ripen(Instant::now()),
        }
    }
}

struct Work<K> {
    queue: Queue<K>,
    failures: HashMap<K, u32>,
    chance: RandomState,
    metrics: LoopMetrics,
}

impl<K: Clone + Eq + Hash + Ord> Work<K> {
    fn wake(&mut self, trigger: Trigger<K>) {
        match trigger {
            Trigger::Now(key) => self.queue.wake(key),
            Trigger::Within(key, wait) => self.queue.wake_by(key, Instant::now() + wait),
        }
    }

    fn settle(&mut self, key: K, next: Next) {
        let wait = match next {
            Next::Failed(failure) => {
                self.metrics.failed(failure);
                let failures = self.failures.entry(key.clone()).or_default();
                *failures = failures.saturating_add(1);
                delay(failure, *failures, self.chance.hash_one((&key, *failures)))
            }
            Next::OnChange => None,
            Next::Within(wait) => Some(wait),
        };
        if !matches!(next, Next::Failed(_)) {
            self.failures.remove(&key);
        }
        if !self.queue.done(&key)
            && let Some(at) = wait.and_then(|wait| Instant::now().checked_add(wait))
        {
            self.queue.wake_by(key, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::metrics::Metrics;

    #[tokio::test(start_paused = true)]
    async fn failures_are_tried_again_and_panics_stay_with_their_key() {
        let (send, receive) = mpsc::unbounded_channel();
        let looks = Arc::new(AtomicUsize::new(0));
        for key in ["panics", "fails"] {
            send.send(Trigger::Now(key)).expect("a receiver");
        }
        let count = Arc::clone(&looks);
        let done = Arc::new(tokio::sync::Notify::new());
        let notify = Arc::clone(&done);
        let work = tokio::spawn(run(receive, 2, Metrics::default().of_loop("test"), move |key: &'static str| {
            let (count, notify) = (Arc::clone(&count), Arc::clone(&notify));
            async move {
                assert_ne!(key, "panics");
                if count.fetch_add(1, Ordering::SeqCst) < 3 {
                    return Next::Failed(Failure::Transient);
                }
                notify.notify_one();
                Next::OnChange
            }
        }));
        done.notified().await;
        assert_eq!(looks.load(Ordering::SeqCst), 4);
        drop(send);
        work.await.expect("it ends with its triggers");
    }
}
