//! etcd: one member, loopback only.

use crate::addresses::{NODE, local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component; `durable` keeps the waits for the disk.
pub fn component(layout: &Layout, durable: bool) -> Component {
    let clients = format!("http://127.0.0.1:{}", port::ETCD);
    let peers = format!("http://127.0.0.1:{}", port::ETCD_PEER);
    let probe = Probe::Http(local(port::ETCD), "/health");
    let mut etcd = Component::new("etcd", layout.program("etcd"), probe).flags(&[
        ("name", NODE.to_owned()),
        ("data-dir", layout.data("etcd").display().to_string()),
        ("listen-client-urls", clients.clone()),
        ("advertise-client-urls", clients),
        ("listen-peer-urls", peers.clone()),
        ("initial-advertise-peer-urls", peers.clone()),
        ("initial-cluster", format!("{NODE}={peers}")),
        ("log-level", "warn".to_owned()),
    ]);
    if !durable {
        etcd.args.push("--unsafe-no-fsync".to_owned());
    }
    etcd.folders.push(layout.data("etcd"));
    etcd.ports = vec![local(port::ETCD), local(port::ETCD_PEER)];
    etcd
}
