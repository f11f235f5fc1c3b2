//! The fixed addresses and ports of the one node.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Name of the node.
pub const NODE: &str = "node1";
/// Address of the node, on one end of a veth pair.
pub const NODE_IP: Ipv4Addr = Ipv4Addr::new(172, 30, 0, 1);
/// The network interface that carries the node's address.
pub const NODE_LINK: &str = "kube0";
/// The other end of the veth pair.
pub const NODE_LINK_PEER: &str = "kube0p";
/// The bridge of the pods.
pub const BRIDGE: &str = "cni0";
/// Name of the pod network; a part of the names of the files CNI leaves behind.
pub const POD_NETWORK: &str = "assay";
/// Addresses of pods.
pub const POD_CIDR: &str = "10.244.0.0/24";
/// Addresses of services.
pub const SERVICE_CIDR: &str = "10.96.0.0/16";
/// The service `kubernetes`.
pub const API_SERVICE_IP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
/// The service `kube-dns`.
pub const DNS_SERVICE_IP: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);
/// Where images are pushed to and pulled from.
pub const REGISTRY: &str = "localhost:5000";

/// Ports of the components and add-ons, on loopback or the node's address.
pub mod port {
    /// etcd clients.
    pub const ETCD: u16 = 2379;
    /// etcd peers.
    pub const ETCD_PEER: u16 = 2380;
    /// The API server.
    pub const API: u16 = 6443;
    /// The image registry.
    pub const REGISTRY: u16 = 5000;
    /// The kubelet's API.
    pub const KUBELET: u16 = 10250;
    /// The kubelet's health.
    pub const KUBELET_HEALTH: u16 = 10248;
    /// The controller manager.
    pub const CONTROLLERS: u16 = 10257;
    /// The scheduler.
    pub const SCHEDULER: u16 = 10259;
    /// kube-proxy's health.
    pub const PROXY_HEALTH: u16 = 10256;
    /// kube-proxy's metrics.
    pub const PROXY_METRICS: u16 = 10249;
    /// `CoreDNS` on the node's address.
    pub const DNS: u16 = 1053;
    /// `CoreDNS` health.
    pub const DNS_HEALTH: u16 = 8053;
    /// `CoreDNS` readiness.
    pub const DNS_READY: u16 = 8054;
    /// Argo CD's server: interface and webhooks.
    pub const ARGOCD: u16 = 8090;
    /// Argo CD's repository server.
    pub const ARGOCD_REPOSITORIES: u16 = 8091;
    /// Metrics and health of Argo CD's controller, which always listens on every address.
    pub const ARGOCD_CONTROLLER_METRICS: u16 = 8092;
    /// Metrics of Argo CD's server.
    pub const ARGOCD_METRICS: u16 = 8093;
    /// Metrics and health of Argo CD's repository server.
    pub const ARGOCD_REPOSITORIES_METRICS: u16 = 8094;
    /// Argo CD's Redis.
    pub const ARGOCD_REDIS: u16 = 6390;
    /// What Flux's source-controller serves: artifacts.
    pub const FLUX_ARTIFACTS: u16 = 9790;
    /// Metrics of Flux's source-controller.
    pub const FLUX_SOURCE_METRICS: u16 = 9780;
    /// Health of Flux's source-controller.
    pub const FLUX_SOURCE_HEALTH: u16 = 9740;
    /// Metrics of Flux's kustomize-controller.
    pub const FLUX_KUSTOMIZE_METRICS: u16 = 9781;
    /// Health of Flux's kustomize-controller.
    pub const FLUX_KUSTOMIZE_HEALTH: u16 = 9741;
    /// Gitea: interface and Git over HTTP, on the node's address.
    pub const GITEA: u16 = 3000;
    /// Gitea: Git over SSH, on the node's address.
    pub const GITEA_SSH: u16 = 2222;
}

/// A loopback address with a port.
#[must_use]
pub const fn local(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// The node's address, which pods and the host reach alike, with a port.
#[must_use]
pub const fn on_node(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(NODE_IP), port)
}

/// Where Argo CD's server is: its interface, and below `/api/webhook` its webhook.
#[must_use]
pub fn argocd_url() -> String {
    format!("http://{}", local(port::ARGOCD))
}
