//! Which objects of a delivery become ready.

use serde_json::Value;

use super::fields::{flag, list, owned, text};
use crate::delivery::Workload;

/// More than these are not waited for.
const LIMIT: usize = 1000;

/// Whether objects of a kind become ready by rules that are known here. Our own kinds are never among them: a
/// gate that waits for itself would wait for ever.
fn becomes_ready(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("apps", "Deployment" | "StatefulSet" | "DaemonSet")
            | ("batch", "Job")
            | ("helm.toolkit.fluxcd.io", "HelmRelease")
    )
}

/// From Argo CD's `status.resources`. Hooks are not waited for, nor is what is about to be pruned.
pub(super) fn of_application(object: &Value) -> Vec<Workload> {
    let default = text(object, "/spec/destination/namespace").unwrap_or_default();
    let resources = list(object, "/status/resources").iter();
    let standing = resources.filter(|resource| !flag(resource, "/hook") && !flag(resource, "/requiresPruning"));
    kept(standing.map(|resource| Workload {
        group: owned(resource, "/group"),
        kind: owned(resource, "/kind"),
        namespace: text(resource, "/namespace").unwrap_or(default).to_owned(),
        name: owned(resource, "/name"),
    }))
}

/// From Flux's `status.inventory`, the entries of which are `<namespace>_<name>_<group>_<kind>`; a `:` in the
/// name of an object is written as `__`.
pub(super) fn of_inventory(object: &Value) -> Vec<Workload> {
    kept(list(object, "/status/inventory/entries").iter().filter_map(|entry| {
        let id = text(entry, "/id")?;
        let (namespace, rest) = id.split_once('_')?;
        let (rest, kind) = rest.rsplit_once('_')?;
        let (name, group) = rest.rsplit_once('_')?;
        Some(Workload {
            group: group.to_owned(),
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.replace("__", ":"),
        })
    }))
}

fn kept(all: impl Iterator<Item = Workload>) -> Vec<Workload> {
    let named = all.filter(|one| becomes_ready(&one.group, &one.kind) && !one.name.is_empty());
    let mut workloads: Vec<Workload> = named.take(LIMIT).collect();
    workloads.sort();
    workloads.dedup();
    workloads
}
