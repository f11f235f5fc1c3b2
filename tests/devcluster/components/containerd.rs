//! containerd with its own root, state and sockets, and the pods' network.

use crate::addresses::{BRIDGE, POD_CIDR, POD_NETWORK, REGISTRY};
use crate::component::{Component, Probe};
use crate::images;
use crate::layout::Layout;

const CONFIG: &str = include_str!("../manifests/containerd.toml");
const NETWORK: &str = include_str!("../manifests/cni.conflist");

/// The component.
pub fn component(layout: &Layout) -> Component {
    let config = layout.config().join("containerd.toml");
    let socket = layout.containerd_socket();
    let probe = Probe::Socket(socket.clone());
    let mut containerd = Component::new("containerd", layout.program("containerd"), probe)
        .flags(&[("config", config.display().to_string())]);
    containerd.env.push(("PATH".to_owned(), path(layout)));
    let fill = |template: &str| {
        template
            .replace("@ROOT@", &layout.data("containerd").display().to_string())
            .replace("@STATE@", &layout.run().join("containerd").display().to_string())
            .replace("@SOCKET@", &socket.display().to_string())
            .replace("@RUNC@", &layout.runc_root().display().to_string())
            .replace("@CNI@", &layout.config().join("cni").display().to_string())
            .replace("@CNI_DATA@", &layout.data("cni").display().to_string())
            .replace("@PAUSE@", &format!("{REGISTRY}/{}", images::PAUSE))
            .replace("@NETWORK@", POD_NETWORK)
            .replace("@BRIDGE@", BRIDGE)
            .replace("@POD_CIDR@", POD_CIDR)
    };
    let network = layout.config().join("cni/10-assay.conflist");
    containerd.files = vec![(config, fill(CONFIG)), (network, fill(NETWORK))];
    containerd.folders = vec![layout.data("containerd"), layout.data("cni"), layout.run()];
    containerd
}

/// The shim lies beside the engines, runc in a folder that not every login has.
fn path(layout: &Layout) -> String {
    let inherited = std::env::var("PATH").unwrap_or_default();
    format!("{}:{inherited}:/usr/local/sbin:/usr/sbin:/sbin", layout.bin().display())
}
