//! Which grant covers a path on a branch.

use std::sync::Arc;

use assay_api::{GitSource, GitWriteAccess, READY, RollbackMode};
use assay_gitops::{Grant, allowed};
use kube::ResourceExt;

/// A grant, and what it allows here.
#[derive(Clone)]
pub(crate) struct Covering {
    /// The object.
    pub(crate) object: Arc<GitWriteAccess>,
    /// What it allows here.
    pub(crate) grant: Grant,
}

/// The grant that covers repository, branch and namespace. Of several it is the one that leaves out the fewest
/// paths, then the one that goes furthest, then the first by name.
pub(crate) fn covering(
    grants: &[Arc<GitWriteAccess>],
    namespace: &str,
    source: &GitSource,
    paths: &[String],
) -> Result<Covering, String> {
    let mut reasons = Vec::new();
    let mut found = Vec::new();
    for object in grants {
        match allowed(&object.spec, namespace, source, paths) {
            Ok(not_allowed) => {
                found.push(Covering { grant: facts(object, source, not_allowed), object: Arc::clone(object) })
            }
            Err(why) => reasons.push(format!("{}: {why}", object.name_any())),
        }
    }
    found.sort_by_key(|covering| {
        let grant = &covering.grant;
        (grant.paths_not_allowed.len(), rank(grant.mode), grant.name.clone())
    });
    found.into_iter().next().ok_or_else(|| refusal(reasons))
}

/// The fewest words that help: most grants of a cluster are about other repositories.
fn refusal(mut reasons: Vec<String>) -> String {
    reasons.sort();
    match reasons.as_slice() {
        [] => "there is none; the cluster's administrator makes them".to_owned(),
        [one] => one.clone(),
        several => format!(
            "none of {} covers it; {}",
            several.len(),
            several.iter().take(3).cloned().collect::<Vec<_>>().join("; ")
        ),
    }
}

const fn rank(mode: RollbackMode) -> u8 {
    match mode {
        RollbackMode::Push => 0,
        RollbackMode::PullRequest => 1,
        RollbackMode::Observe => 2,
    }
}

fn facts(object: &GitWriteAccess, source: &GitSource, paths_not_allowed: Vec<String>) -> Grant {
    let spec = &object.spec;
    let protected = object.status.as_ref().is_some_and(|status| status.protected_branches.contains(&source.branch));
    Grant {
        name: object.name_any(),
        mode: spec.mode,
        paths_not_allowed,
        trouble: trouble(object),
        protected,
        forge: spec.forge.is_some(),
        frozen: spec.freeze,
        budget: spec.budget.clone(),
    }
}

/// What is known to be wrong with the credential. One that nobody has tried yet is tried by its use; a server
/// that did not answer a moment ago is asked again by the look at the repository.
fn trouble(object: &GitWriteAccess) -> Option<String> {
    let status = object.status.as_ref()?;
    let current = Some(status.observed_generation) == object.metadata.generation;
    let ready = status.conditions.iter().find(|condition| condition.type_ == READY)?;
    (current && ready.status == "False").then(|| ready.message.clone())
}

#[cfg(test)]
mod tests {
    use assay_api::{GitWriteAccessSpec, GitWriteAccessStatus};
    use assay_gitops::{AccessFound, fold_access};
    use jiff::Timestamp;

    use super::*;

    fn grant(name: &str, change: impl FnOnce(&mut GitWriteAccessSpec)) -> Arc<GitWriteAccess> {
        let mut spec = GitWriteAccessSpec {
            repository: "https://git.example.com/shop.git".to_owned(),
            branches: vec!["main".to_owned()],
            namespaces: vec!["shop".to_owned()],
            mode: RollbackMode::Push,
            ..GitWriteAccessSpec::default()
        };
        change(&mut spec);
        let mut object = GitWriteAccess::new(name, spec);
        object.metadata.generation = Some(1);
        Arc::new(object)
    }

    fn source() -> GitSource {
        GitSource {
            repository: "https://git.example.com/shop".to_owned(),
            branch: "main".to_owned(),
            path: "apps/web".to_owned(),
        }
    }

    fn chosen(grants: &[Arc<GitWriteAccess>]) -> Result<Grant, String> {
        covering(grants, "shop", &source(), &["apps/web".to_owned()]).map(|covering| covering.grant)
    }

    #[test]
    fn the_widest_grant_is_chosen() {
        let narrow = grant("a-narrow", |spec| spec.paths = vec!["apps/api".to_owned()]);
        let careful = grant("b-careful", |spec| spec.mode = RollbackMode::PullRequest);
        let (late, early) = (grant("d-late", |_| {}), grant("c-early", |_| {}));
        let other = grant("e-other", |spec| spec.namespaces = vec!["web".to_owned()]);
        let all = [narrow.clone(), careful.clone(), late, early, other.clone()];
        assert_eq!(chosen(&all).unwrap().name, "c-early");
        assert_eq!(chosen(&[narrow.clone(), careful]).unwrap().name, "b-careful");
        assert_eq!(chosen(&[narrow]).unwrap().paths_not_allowed, ["apps/web"]);
        let why = chosen(&[other]).unwrap_err();
        assert!(why.contains("e-other") && why.contains("shop"), "{why}");
        assert!(chosen(&[]).unwrap_err().contains("administrator"));
    }

    #[test]
    fn what_is_known_to_be_broken_is_trouble_as_long_as_it_is_that_grant() {
        let with = |found: &AccessFound, generation| {
            let mut object = (*grant("a", |_| {})).clone();
            object.status =
                Some(fold_access(&GitWriteAccessStatus::default(), found, generation, Timestamp::UNIX_EPOCH));
            chosen(&[Arc::new(object)]).unwrap()
        };
        let broken = AccessFound::Broken("no such Secret".to_owned());
        assert_eq!(with(&broken, 1).trouble.as_deref(), Some("no such Secret"));
        assert_eq!(with(&broken, 0).trouble, None, "the spec has changed since");
        assert_eq!(with(&AccessFound::Unavailable("timeout".to_owned()), 1).trouble, None);
        let works = with(&AccessFound::Works { protected: vec!["main".to_owned()] }, 1);
        assert_eq!((works.trouble, works.protected), (None, true));
    }
}
