//! Waiting before the next try.

use std::time::Duration;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Waits that grow while tries fail.
#[derive(Debug)]
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) fn new() -> Self {
        Self(Duration::ZERO)
    }

    /// A try succeeded.
    pub(super) fn reset(&mut self) {
        self.0 = Duration::ZERO;
    }

    /// Waits before the next try; not at all before the first.
    pub(super) async fn pause(&mut self) {
        let wait = self.0;
        self.0 = (wait * 2).clamp(SHORTEST, LONGEST);
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}
