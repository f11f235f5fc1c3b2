//! Whether anything still moves towards the server. Who waits for a delivery
//! asks this and not the clock alone: a large file takes its time, and a
//! server that is away or full takes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bytes that reached the server for the first time.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<AtomicU64>);

impl Meter {
    pub(super) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns when nothing has moved for so long.
    pub(super) async fn stalls(&self, patience: Duration) {
        let mut before = self.read();
        loop {
            tokio::time::sleep(patience).await;
            let now = self.read();
            if now == before {
                return;
            }
            before = now;
        }
    }
}

/// The same for one file. A second try repeats what the first has sent, which
/// is no progress until it comes further.
#[derive(Debug)]
pub(super) struct FileMeter {
    sent: AtomicU64,
    furthest: AtomicU64,
    this_try: Meter,
    all: Meter,
}

impl FileMeter {
    pub(super) fn new(all: Meter) -> Self {
        Self { sent: AtomicU64::new(0), furthest: AtomicU64::new(0), this_try: Meter::default(), all }
    }

    /// Another try begins.
    pub(super) fn rewind(&self) {
        self.sent.store(0, Ordering::Relaxed);
    }

    pub(super) fn add(&self, bytes: u64) {
        self.this_try.add(bytes);
        let sent = self.sent.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let before = self.furthest.fetch_max(sent, Ordering::Relaxed);
        self.all.add(sent.saturating_sub(before));
    }

    /// Returns when this try has sent nothing for so long.
    pub(super) async fn stalls(&self, patience: Duration) {
        self.this_try.stalls(patience).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeating_is_no_progress() {
        let all = Meter::default();
        let file = FileMeter::new(all.clone());
        file.add(100);
        file.rewind();
        file.add(60);
        assert_eq!(all.read(), 100);
        file.add(60);
        assert_eq!(all.read(), 120);
    }
}
