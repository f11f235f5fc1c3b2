//! The identity of a decision: nothing is done twice under one key.

use assay_api::names::BRANCH_PREFIX;
use assay_api::{DeliveryReference, GitSource, RevisionStatus};
use sha2::{Digest, Sha256};

use crate::repository_url::{repository_identity, without_credentials};

/// Hexadecimal characters of a key.
const LENGTH: usize = 20;

/// The key of the decision to restore `good` in place of `bad`: 20 hexadecimal characters that stand in the
/// commit's trailer, in the name of the pull request's branch and in the record. The same delivery, source and
/// revisions always give the same key, however the repository's URL is spelt.
pub fn rollback_key(
    delivery: &DeliveryReference,
    source: Option<&GitSource>,
    bad: &RevisionStatus,
    good: Option<&RevisionStatus>,
) -> String {
    let mut hash = Sha256::new();
    // Each part by its length, so that no two lists of parts read the same.
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    };
    part("assay rollback 1");
    part(delivery.kind.as_str());
    part(delivery.namespace.as_deref().unwrap_or_default());
    part(&delivery.name);
    match source {
        Some(source) => {
            let identity = repository_identity(&source.repository);
            part(&identity.unwrap_or_else(|_| without_credentials(&source.repository)));
            part(source.branch.strip_prefix("refs/heads/").unwrap_or(&source.branch));
            part(source.path.trim_matches('/'));
        }
        None => part("no source"),
    }
    part(&bad.revision);
    part(good.map_or("", |good| &good.revision));
    let mut text: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    text.truncate(LENGTH);
    text
}

/// The branch from which the pull request of this key comes.
pub fn rollback_branch(key: &str) -> String {
    format!("{BRANCH_PREFIX}{key}")
}

#[cfg(test)]
mod tests {
    use assay_api::DeliveryKind;

    use super::*;

    fn delivery(name: &str) -> DeliveryReference {
        let namespace = Some("argocd".to_owned());
        DeliveryReference { kind: DeliveryKind::Application, name: name.to_owned(), namespace, source: None }
    }

    fn source(repository: &str, branch: &str, path: &str) -> GitSource {
        GitSource { repository: repository.to_owned(), branch: branch.to_owned(), path: path.to_owned() }
    }

    fn revision(id: &str) -> RevisionStatus {
        RevisionStatus { revision: id.to_owned(), ..RevisionStatus::default() }
    }

    #[test]
    fn a_key_is_stable_and_of_its_decision_only() {
        let (app, shop) = (delivery("shop"), source("https://h/a.git", "main", "apps/shop"));
        let (bad, good) = (revision("b"), revision("a"));
        let key = rollback_key(&app, Some(&shop), &bad, Some(&good));
        assert_eq!(key, "5f40da17ecf90485caf8");
        assert_eq!(rollback_branch(&key), "assay/rollback-5f40da17ecf90485caf8");
        for same in
            [source("git@h:a", "main", "apps/shop"), source("https://u:p@H:443/a", "refs/heads/main", "/apps/shop/")]
        {
            assert_eq!(rollback_key(&app, Some(&same), &bad, Some(&good)), key, "{same:?}");
        }
        let with_tree = RevisionStatus { tree: Some("t".to_owned()), ..revision("b") };
        assert_eq!(rollback_key(&app, Some(&shop), &with_tree, Some(&good)), key);
        let others = [
            rollback_key(&delivery("shop2"), Some(&shop), &bad, Some(&good)),
            rollback_key(&app, Some(&source("https://h/b", "main", "apps/shop")), &bad, Some(&good)),
            rollback_key(&app, Some(&source("https://h/a", "main2", "apps/shop")), &bad, Some(&good)),
            rollback_key(&app, Some(&source("https://h/a", "main", "apps/sho")), &bad, Some(&good)),
            rollback_key(&app, None, &bad, Some(&good)),
            rollback_key(&app, Some(&shop), &good, Some(&bad)),
            rollback_key(&app, Some(&shop), &bad, None),
        ];
        for (at, other) in others.iter().enumerate() {
            assert!(*other != key && !others[..at].contains(other), "{at}: {other}");
        }
    }
}
