//! One lock for each branch of a repository: looks that may write to it come one after another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use assay_api::GitSource;
use assay_gitops::repository_identity;
use tokio::sync::OwnedMutexGuard;

/// The locks that somebody holds or waits for.
#[derive(Default)]
pub(super) struct Locks(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Locks {
    /// Waits until nobody else looks at rollbacks of this branch.
    pub(super) async fn hold(&self, source: &GitSource) -> OwnedMutexGuard<()> {
        let identity = repository_identity(&source.repository).unwrap_or_else(|_| source.repository.clone());
        self.of(format!("{identity} {}", source.branch)).lock_owned().await
    }

    fn of(&self, name: String) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What only this table holds nobody uses.
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(name).or_default())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn source(repository: &str, branch: &str) -> GitSource {
        GitSource { repository: repository.to_owned(), branch: branch.to_owned(), path: String::new() }
    }

    #[tokio::test(start_paused = true)]
    async fn one_at_a_time_for_each_branch_however_it_is_spelt() {
        let locks = Locks::default();
        let held = locks.hold(&source("https://h/a.git", "main")).await;
        let soon = Duration::from_secs(1);
        let same = tokio::time::timeout(soon, locks.hold(&source("git@h:a", "main"))).await;
        assert!(same.is_err(), "somebody looks at it");
        for (repository, branch) in [("https://h/a", "next"), ("https://h/b", "main")] {
            let other = tokio::time::timeout(soon, locks.hold(&source(repository, branch))).await;
            assert!(other.is_ok(), "{repository} {branch}");
        }
        drop(held);
        let free = tokio::time::timeout(soon, locks.hold(&source("git@h:a", "main"))).await;
        assert!(free.is_ok());
        drop(free);
        drop(locks.of("something else".to_owned()));
        assert!(locks.0.lock().unwrap().len() <= 1, "nothing piles up");
    }
}
