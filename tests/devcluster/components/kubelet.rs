//! The kubelet.

use crate::addresses::{DNS_SERVICE_IP, NODE, NODE_IP, local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let config = layout.config().join("kubelet.yaml");
    let root = layout.data("kubelet");
    let logs = layout.data("pod-logs");
    let probe = Probe::Http(local(port::KUBELET_HEALTH), "/healthz");
    let mut kubelet = Component::new("kubelet", layout.program("kubelet"), probe).flags(&[
        ("config", config.display().to_string()),
        ("kubeconfig", layout.kubeconfig("node").display().to_string()),
        ("root-dir", root.display().to_string()),
        ("cert-dir", root.join("pki").display().to_string()),
        ("hostname-override", NODE.to_owned()),
        ("node-ip", NODE_IP.to_string()),
    ]);
    let text = include_str!("../manifests/kubelet.yaml")
        .replace("@PKI@", &layout.pki().display().to_string())
        .replace("@SOCKET@", &layout.containerd_socket().display().to_string())
        .replace("@LOGS@", &logs.display().to_string())
        .replace("@PLUGINS@", &root.join("volume-plugins").display().to_string())
        .replace("@DNS@", &DNS_SERVICE_IP.to_string());
    kubelet.files.push((config, text));
    kubelet.folders = vec![root, logs];
    kubelet.ports = vec![local(port::KUBELET), local(port::KUBELET_HEALTH)];
    kubelet
}
