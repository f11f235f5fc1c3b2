//! What a record's delivery delivers.

use assay_api::{GitSource, RollbackSpec};
use assay_gitops::{Delivery, find};

use crate::gitops::Gitops;

/// The delivery as it is now.
pub(super) fn delivery(gitops: &Gitops, namespace: &str, spec: &RollbackSpec) -> Option<Delivery> {
    find(gitops, &spec.delivery, namespace)
}

/// What is restored: what is delivered now, as long as that is still from the path that failed; otherwise that
/// path alone.
pub(super) fn paths(delivery: Option<&Delivery>, source: &GitSource) -> Vec<String> {
    let known = delivery.map(|delivery| delivery.paths.as_slice()).unwrap_or_default();
    if known.contains(&source.path) { known.to_vec() } else { vec![source.path.clone()] }
}
