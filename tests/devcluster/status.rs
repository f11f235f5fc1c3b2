//! What state the cluster is in: which components live, whether the node is ready.

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::addons;
use crate::addresses::NODE;
use crate::api::Api;
use crate::component::Component;
use crate::components::{self, Settings};
use crate::layout::Layout;
use crate::leftovers;
use crate::owner;
use crate::process::{self, Life};

/// Written when a cluster came up completely: such a cluster may be repaired, any
/// other is swept away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// The settings it was started with.
    pub settings: Settings,
    /// The engines it was started with.
    pub engines: String,
}

impl Marker {
    /// The marker of the current cluster, if it came up completely.
    #[must_use]
    pub fn read(layout: &Layout) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(layout.marker()).ok()?).ok()
    }
}

/// One component as it is now.
#[derive(Debug, Clone)]
pub struct ComponentStatus {
    /// Its name.
    pub name: &'static str,
    /// Its pid, unless it is gone.
    pub pid: Option<i32>,
    /// What its process does.
    pub life: Life,
    /// Whether its probe says that it is ready.
    pub ready: bool,
}

/// The cluster as it is now.
#[derive(Debug, Clone)]
pub struct Status {
    /// Every component of the node, in start order.
    pub components: Vec<ComponentStatus>,
    /// Every component of the add-ons that were asked for, in start order.
    pub addons: Vec<ComponentStatus>,
    /// Whether the node is ready for pods.
    pub node_ready: bool,
    /// Whether the service `kube-dns` answers.
    pub dns_answers: bool,
    /// What is left on the machine although no component runs.
    pub leftovers: Vec<String>,
}

impl ComponentStatus {
    fn of(layout: &Layout, component: &Component) -> Self {
        let life = life(layout, component.name);
        let identity = process::remembered(&layout.pids(), component.name);
        let pid = identity.filter(|_| life != Life::Gone).map(|identity| identity.pid);
        let ready = life == Life::Running && component.probe.ready(layout);
        Self { name: component.name, pid, life, ready }
    }
}

impl Status {
    /// Looks at everything once.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let settings = Marker::read(layout).map(|marker| marker.settings).unwrap_or_default();
        let look = |component: &Component| ComponentStatus::of(layout, component);
        let components: Vec<_> = components::all(layout, settings).iter().map(look).collect();
        let addons = addons::present(layout).iter().map(look).collect();
        let running = components.iter().any(|component| component.life != Life::Gone);
        let leftovers = if running { Vec::new() } else { left(layout) };
        let node_ready = running && node_ready(layout);
        let dns_answers = running && components::dns_answers();
        Self { components, addons, node_ready, dns_answers, leftovers }
    }

    /// Whether any component of the node lives.
    #[must_use]
    pub fn running(&self) -> bool {
        self.components.iter().any(|component| component.life != Life::Gone)
    }

    /// Whether everything lives and works.
    #[must_use]
    pub fn healthy(&self) -> bool {
        self.node_healthy() && self.addons.iter().all(|component| component.ready)
    }

    /// Whether everything of the node lives and works.
    #[must_use]
    pub fn node_healthy(&self) -> bool {
        self.components.iter().all(|component| component.ready) && self.node_ready && self.dns_answers
    }
}

/// Everything that is left on the machine, unless another cluster uses it; one line
/// each, empty after a clean stop.
#[must_use]
pub fn left(layout: &Layout) -> Vec<String> {
    let mut found = leftovers::of_cluster(layout);
    if owner::other(layout).is_none() {
        found.extend(leftovers::of_machine());
    }
    found
}

/// What the process of a component does.
#[must_use]
pub fn life(layout: &Layout, name: &str) -> Life {
    process::remembered(&layout.pids(), name).map_or(Life::Gone, |identity| identity.life())
}

/// Whether pods can be started: the node is ready, untainted, and the things that
/// every pod needs are there.
#[must_use]
pub fn node_ready(layout: &Layout) -> bool {
    let Ok(api) = Api::new(layout) else { return false };
    let there = |path: &str| api.get(path).ok().flatten();
    there(&format!("/api/v1/nodes/{NODE}")).is_some_and(|node| takes_pods(&node))
        && there("/api/v1/namespaces/default/serviceaccounts/default").is_some()
        && there("/api/v1/namespaces/default/configmaps/kube-root-ca.crt").is_some()
}

fn takes_pods(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    let ready =
        conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let untainted = node["spec"]["taints"].as_array().is_none_or(Vec::is_empty);
    ready && untainted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tainted_node_takes_no_pods() {
        let ready = json!([{"type": "Ready", "status": "True"}]);
        assert!(takes_pods(&json!({"status": {"conditions": ready}})));
        let taints = json!([{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}]);
        assert!(!takes_pods(&json!({"spec": {"taints": taints}, "status": {"conditions": ready}})));
        assert!(!takes_pods(&json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}})));
        assert!(!takes_pods(&json!({})));
    }

    #[test]
    fn nothing_runs_in_an_empty_folder() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::at(folder.path().into()).unwrap();
        assert_eq!(life(&layout, "etcd"), Life::Gone);
        assert!(Marker::read(&layout).is_none());
    }
}
