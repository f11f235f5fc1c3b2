//! What is known of a delivery: the same facts whether Argo CD or Flux delivers.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_api::{DeliveryReference, GitSource};
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use crate::paths::within;

/// What [`Delivery::rendered_with`] says of a delivery that adds nothing of its own.
pub(crate) const NOTHING: &str = "nothing";

/// One object of Argo CD or Flux, as far as a gate needs to know it. Read from the object by
/// `read`; never from anything that this process remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delivery {
    /// Which object; its namespace is always given.
    pub reference: DeliveryReference,
    /// Uid of the object.
    pub uid: String,
    /// Its sources, in its own order.
    pub sources: Vec<Source>,
    /// The source that is judged.
    pub judged: Judged,
    /// What of the judged source's repository is delivered: folders and files without leading or trailing `/`,
    /// sorted, none within another; one empty path is the whole repository. Equal content of all of them is equal
    /// content of the revision, and all of them are what a rollback restores. Empty when no Git source is judged.
    pub paths: Vec<String>,
    /// Whether the sources were changed since the controller looked at them last: what it says of revisions is
    /// about other sources.
    pub outdated: bool,
    /// Whether it is being deleted.
    pub deleted: bool,
    /// Whether [`Delivery::applied`] rests on a word that may be about the time before the last change, and is taken back at
    /// once if it is.
    pub may_be_late: bool,
    /// Whether the controller is still at work on what the delivery asked for before its last change, and waits for health
    /// with it, of which this gate may be a part.
    pub holds_older: bool,
    /// Digest of what of its own it is rendered with beside the delivered paths: values, substitutions, patches. With
    /// another one an equal revision delivers something else.
    pub rendered_with: Option<String>,
    /// Value files of charts outside the delivered folder, as they are written: relative to it, or from the root.
    pub value_files: Vec<String>,
    /// Whether it is made of more of the repository than the delivered paths and what is found to be named there:
    /// then equal paths are not known to be equal content.
    pub reaches_beyond: bool,
    /// The revision that the controller wants deployed, once it has looked at Git. Like all revisions here, a full
    /// commit id when the judged source is a Git repository, else the version.
    pub desired: Option<String>,
    /// The revision that is being, or was last, applied.
    pub attempted: Option<String>,
    /// Whether everything of [`Delivery::attempted`] is applied: only its own health, hooks or gates are still waited for.
    pub applied: bool,
    /// Digest of what was applied of [`Delivery::attempted`], where the controller tells one, and is not about to apply
    /// something else. It tells what no revision does: content from elsewhere, as that of a ConfigMap.
    pub applied_digest: Option<String>,
    /// The revision that the controller itself takes for good.
    pub settled: Option<String>,
    /// Objects that it manages, of kinds that become ready: what a gate waits for before it tests.
    pub workloads: Vec<Workload>,
    /// The operation that is running, or waits for its next try.
    pub operation: Option<Operation>,
    /// Whether it waits for the health of [`Delivery::attempted`] now, of which this gate may be a part, and may take
    /// no newer revision before it knows or gives up. (Argo CD's waiting is an [`Operation`].)
    pub awaits_health: bool,
    /// Health as the controller itself says it, for people.
    pub health: Option<String>,
    /// Why nothing new is deployed at present, for people: suspended, automated sync off, a sync window.
    pub held: Option<String>,
    /// Whether somebody paused rollbacks by annotation on the object.
    pub rollback_paused: bool,
    /// Other programs that write to the source, each as one phrase for people: `Kargo (annotation ...)`.
    pub other_writers: Vec<String>,
    /// For Flux: the object whose `requestedAt` makes it look at Git (`GitRepository`), as kind, namespace, name.
    pub flux_source: Option<(String, String, String)>,
    /// How long the controller waits for health, where it gives up by itself: a judgement that takes longer comes
    /// too late for it.
    pub health_timeout: Option<Duration>,
    /// What would surprise people here, one line each, for `assay doctor --app`.
    pub warnings: Vec<String>,
    /// Every object that was read for this, as kind, namespace and name: when one of them changes, or appears, so
    /// may the delivery.
    pub read_from: Vec<(String, String, String)>,
}

impl Delivery {
    /// What a revision delivers here, as a hash, from that of the delivered paths at it.
    pub fn content(&self, tree: &str) -> String {
        let Some(rendered_with) = self.rendered_with.as_deref().filter(|with| *with != NOTHING) else {
            return tree.to_owned();
        };
        Sha256::digest(format!("{tree} {rendered_with}")).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What a rollback of a path restores: what is delivered now, as long as that path is a part of it; otherwise that path
/// alone.
pub fn restored_paths(delivery: Option<&Delivery>, source: &GitSource) -> Vec<String> {
    let known = delivery.map(|delivery| delivery.paths.as_slice()).unwrap_or_default();
    if known.iter().any(|folder| within(&source.path, folder)) { known.to_vec() } else { vec![source.path.clone()] }
}

/// Which source of a delivery is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// This one of [`Delivery::sources`].
    Source(usize),
    /// None, and why, for people.
    Unclear(String),
}

impl Default for Judged {
    fn default() -> Self {
        Self::Unclear("nothing was read yet".to_owned())
    }
}

/// Where a part of a delivery comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A path on a branch: what a commit can change.
    Branch(GitSource),
    /// A path of a repository at a tag, a range of versions or a fixed commit.
    Pinned {
        /// URL of the repository.
        repository: String,
        /// What it is pinned to, for people: `tag v1.2.0`.
        to: String,
        /// The delivered folder.
        path: String,
    },
    /// A chart, an image, a bucket: nothing that a commit moves.
    Artifact {
        /// What it is, for people: `chart podinfo 6.5.0`.
        what: String,
    },
}

/// An operation of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// The revision that it applies.
    pub revision: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// How often it was tried again.
    pub retries: i64,
    /// How often it may be tried again; `None` is for ever.
    pub retry_limit: Option<i64>,
    /// Whether a further try takes a newer revision.
    pub retry_refreshes: bool,
    /// Whether it is being ended on somebody's demand.
    pub terminating: bool,
}

/// An object that becomes ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Workload {
    /// API group.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Workload {
    /// Whether an object with these labels is a part of this HelmRelease: one that is waited for may wait for it.
    pub fn contains_labelled(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = |name: &str| labels.get(&format!("helm.toolkit.fluxcd.io/{name}"));
        self.kind == "HelmRelease" && label("name") == Some(&self.name) && label("namespace") == Some(&self.namespace)
    }
}

/// How the workloads of a delivery are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Readiness {
    /// Not looked at.
    #[default]
    Unknown,
    /// All are ready.
    Ready,
    /// These are not, each as one phrase for people: `Deployment shop/web: 0 of 1 updated`.
    Waiting(Vec<String>),
    /// These are not, but nothing of the version before answers any more.
    Lingering(Vec<String>),
    /// It cannot be looked at: why.
    Unreadable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_judged_is_what_is_restored() {
        let source = GitSource { path: "apps/shop".to_owned(), ..GitSource::default() };
        for (delivered, restored) in [
            (&["apps/shop"][..], &["apps/shop"][..]),
            (&["apps/shop", "base"], &["apps/shop", "base"]),
            (&["apps"], &["apps"]),
            (&[""], &[""]),
            (&["apps/shop2"], &["apps/shop"]),
            (&["other"], &["apps/shop"]),
            (&[], &["apps/shop"]),
        ] {
            let paths = delivered.iter().map(|path| (*path).to_owned()).collect();
            let delivery = Delivery { paths, ..Delivery::default() };
            assert_eq!(restored_paths(Some(&delivery), &source), restored, "{delivered:?}");
        }
    }

    #[test]
    fn a_gate_does_not_wait_for_the_release_that_it_is_a_part_of() {
        let labels = [("name", "web"), ("namespace", "shop")]
            .map(|(name, value)| (format!("helm.toolkit.fluxcd.io/{name}"), value.to_owned()))
            .into();
        let workload = |kind: &str, namespace: &str| Workload {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: "web".to_owned(),
            ..Workload::default()
        };
        assert!(workload("HelmRelease", "shop").contains_labelled(&labels));
        assert!(!workload("HelmRelease", "other").contains_labelled(&labels));
        assert!(!workload("Deployment", "shop").contains_labelled(&labels));
        assert!(!workload("HelmRelease", "shop").contains_labelled(&BTreeMap::new()));
    }

    #[test]
    fn equal_paths_are_other_content_with_other_values() {
        let with = |values: &str| Delivery { rendered_with: Some(values.to_owned()), ..Delivery::default() };
        assert_eq!(Delivery::default().content("t"), "t");
        assert_eq!(with("a").content("t"), with("a").content("t"));
        assert_ne!(with("a").content("t"), with("b").content("t"));
    }
}
