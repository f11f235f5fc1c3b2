//! kube-proxy with nftables.

use crate::addresses::{NODE, POD_CIDR, local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let config = layout.config().join("proxy.yaml");
    let probe = Probe::Http(local(port::PROXY_HEALTH), "/healthz");
    let mut proxy = Component::new("kube-proxy", layout.program("kube-proxy"), probe)
        .flags(&[("config", config.display().to_string())]);
    let text = include_str!("../manifests/proxy.yaml")
        .replace("@KUBECONFIG@", &layout.kubeconfig("proxy").display().to_string())
        .replace("@NODE@", NODE)
        .replace("@POD_CIDR@", POD_CIDR)
        .replace("@HEALTH@", &local(port::PROXY_HEALTH).to_string())
        .replace("@METRICS@", &local(port::PROXY_METRICS).to_string());
    proxy.files.push((config, text));
    proxy.ports = vec![local(port::PROXY_HEALTH), local(port::PROXY_METRICS)];
    proxy
}
