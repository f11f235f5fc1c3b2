//! All components, in the order in which they start and stop.

mod apiserver;
mod containerd;
mod controllers;
mod dns;
mod etcd;
mod kubelet;
mod proxy;
mod registry;
mod scheduler;

use crate::component::Component;
use crate::layout::Layout;

pub use dns::{answers as dns_answers, objects as dns_objects};

/// Name of etcd.
pub const ETCD: &str = "etcd";
/// Name of containerd.
pub const CONTAINERD: &str = "containerd";
/// Name of the image registry.
pub const REGISTRY: &str = "registry";
/// Name of the API server.
pub const APISERVER: &str = "kube-apiserver";
/// Name of the controller manager.
pub const CONTROLLERS: &str = "kube-controller-manager";
/// Name of the scheduler.
pub const SCHEDULER: &str = "kube-scheduler";
/// Name of the kubelet.
pub const KUBELET: &str = "kubelet";
/// Name of kube-proxy.
pub const PROXY: &str = "kube-proxy";
/// Name of `CoreDNS`.
pub const DNS: &str = "coredns";

/// Stop order: whoever watches goes before the one who is watched, because an API
/// server with open watches may drain for a minute.
pub const STOP_ORDER: [&str; 9] = [PROXY, KUBELET, SCHEDULER, CONTROLLERS, DNS, APISERVER, ETCD, CONTAINERD, REGISTRY];

/// How the cluster's components differ from one cluster to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Settings {
    /// Whether etcd waits for the disk; benchmarks want it, throw-away clusters do not.
    pub durable: bool,
}

/// Every component, in start order.
#[must_use]
pub fn all(layout: &Layout, settings: Settings) -> Vec<Component> {
    vec![
        etcd::component(layout, settings.durable),
        containerd::component(layout),
        registry::component(layout),
        apiserver::component(layout),
        controllers::component(layout),
        scheduler::component(layout),
        kubelet::component(layout),
        proxy::component(layout),
        dns::component(layout),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn everything(durable: bool) -> Vec<Component> {
        all(&Layout::at("/cache".into()).unwrap(), Settings { durable })
    }

    #[test]
    fn every_component_is_stopped() {
        let started: BTreeSet<_> = everything(false).iter().map(|c| c.name).collect();
        assert_eq!(started, STOP_ORDER.into_iter().collect());
    }

    #[test]
    fn no_port_is_taken_twice() {
        let ports: Vec<_> = everything(false).iter().flat_map(|c| c.ports.clone()).collect();
        let distinct: BTreeSet<_> = ports.iter().map(std::net::SocketAddr::port).collect();
        assert_eq!(distinct.len(), ports.len());
    }

    #[test]
    fn only_a_durable_etcd_waits_for_the_disk() {
        let unsafe_flag = |durable| everything(durable)[0].args.iter().any(|a| a.contains("no-fsync"));
        assert!(unsafe_flag(false));
        assert!(!unsafe_flag(true));
    }

    #[test]
    fn structured_files_are_well_formed() {
        for component in everything(false) {
            for (path, text) in &component.files {
                assert!(path.starts_with("/cache/cluster"), "{}", path.display());
                assert!(!text.contains('@'), "{} has an unfilled place", path.display());
                match path.extension().and_then(|e| e.to_str()) {
                    Some("yaml") => drop(serde_yaml::from_str::<serde_json::Value>(text).unwrap()),
                    Some("conflist") => drop(serde_json::from_str::<serde_json::Value>(text).unwrap()),
                    _ => {}
                }
            }
        }
    }
}
