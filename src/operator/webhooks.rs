//! What forges may say: their secrets, known from the last look at each grant, and the pushes that they told.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use assay_api::ForgeKind;
use assay_git::Secret;
use assay_gitops::same_repository;
use assay_gitops::webhook::PushEvent;
use tokio::sync::broadcast;

/// Pushes that wait to be heard. They are hints: who misses one looks when its time comes.
const PUSHES: usize = 256;

/// The forge of a grant.
#[derive(Clone, Debug)]
pub(crate) struct Signer {
    pub(crate) forge: ForgeKind,
    /// What it signs its webhooks with.
    pub(crate) secret: Secret,
    /// The repository of the grant: it may speak of no other.
    pub(crate) repository: String,
}

/// What forges may say. The server asks here, and tells here.
#[derive(Debug)]
pub struct Webhooks {
    signers: Mutex<HashMap<String, Signer>>,
    pushes: broadcast::Sender<PushEvent>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self { signers: Mutex::default(), pushes: broadcast::channel(PUSHES).0 }
    }
}

impl Webhooks {
    /// The forge of a grant, and what it signs its webhooks with. Answered from memory: whoever asks is not known.
    pub fn secret(&self, grant: &str) -> Option<(ForgeKind, Secret)> {
        self.signer(grant).map(|signer| (signer.forge, signer.secret))
    }

    fn signer(&self, grant: &str) -> Option<Signer> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner).get(grant).cloned()
    }

    /// The forge of a grant says that a branch moved: a hint to look, if it is one of the grant's repository.
    pub fn pushed(&self, grant: &str, push: PushEvent) {
        let own = |signer: &Signer| push.repositories.iter().any(|url| same_repository(url, &signer.repository));
        if self.signer(grant).as_ref().is_some_and(own) {
            // Nobody listens before the controllers run, or when everything ends.
            let _ = self.pushes.send(push);
        } else {
            tracing::warn!(grant, "a forge tells of a repository that its grant is not about");
        }
    }

    /// What forges say from now on.
    pub(crate) fn listen(&self) -> broadcast::Receiver<PushEvent> {
        self.pushes.subscribe()
    }

    /// What was read of a grant.
    pub(crate) fn learn(&self, grant: &str, known: Option<Signer>) {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(known) => drop(signers.insert(grant.to_owned(), known)),
            None => drop(signers.remove(grant)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forge_speaks_of_the_repository_of_its_grant_only() {
        let webhooks = Webhooks::default();
        let repository = "https://git.example.com/a/deploy".to_owned();
        let signer = Signer { forge: ForgeKind::Gitea, secret: Secret::new("canary"), repository };
        webhooks.learn("a", Some(signer));
        let mut heard = webhooks.listen();
        let push = |url: &str| PushEvent { repositories: vec![url.to_owned()], ..PushEvent::default() };
        webhooks.pushed("a", push("https://git.example.com/b/deploy"));
        webhooks.pushed("b", push("https://git.example.com/a/deploy"));
        assert!(heard.try_recv().is_err());
        webhooks.pushed("a", push("ssh://git@git.example.com/a/deploy.git"));
        assert!(heard.try_recv().is_ok());
    }
}
