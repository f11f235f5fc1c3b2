//! How much is taken on.

use std::time::Duration;

/// Limits of [`crate::Repositories`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Mirrors that are kept; the one that was not used for longest goes first.
    pub mirrors: usize,
    /// Bytes that all mirrors together may take.
    pub bytes: u64,
    /// Bytes that one mirror may take: a larger repository is refused.
    pub mirror_bytes: u64,
    /// Packs of one mirror: when there are more they are put into one.
    pub packs: usize,
    /// Calls that speak to a server at the same time.
    pub connections: usize,
    /// For the first copy of a repository.
    pub clone: Duration,
    /// For what is new since.
    pub fetch: Duration,
    /// For a push.
    pub push: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            mirrors: 64,
            bytes: 4 << 30,
            mirror_bytes: 2 << 30,
            packs: 60,
            connections: 2,
            clone: Duration::from_secs(15 * 60),
            fetch: Duration::from_secs(3 * 60),
            push: Duration::from_secs(2 * 60),
        }
    }
}
