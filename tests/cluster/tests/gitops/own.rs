//! Worlds with a manager of their own, as a process of this machine, which can be killed at any point.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

use assay_cluster_tests::{Engine, ManagerSettings, Outcome, Place, Plan, World};

use crate::suite::Suite;

/// The longest wait for anything that comes by itself.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);
/// Pods reach the manager on the node's own address.
const NODE: &str = "172.30.0.1";

/// Flux delivers within the namespace, so that a manager needs to look after no other. Nothing waits for the gate,
/// which makes a round short.
pub(crate) fn plan() -> Plan {
    let plan = Plan::new(Engine::Flux).delivery(serde_json::json!({"spec": {"wait": false}}));
    Plan { own_manager: true, ..plan }
}

/// A folder of a world's own.
pub(crate) fn folder(place: &Place, world: &World) -> Outcome<PathBuf> {
    let folder = place.root().join("target/gitops/managers").join(world.name());
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What the managers of a world wrote to their logs; empty when it has none of its own.
pub(crate) fn logs(world: &World) -> String {
    let Ok(entries) = fs::read_dir(Place::shared().root().join("target/gitops/managers").join(world.name())) else {
        return String::new();
    };
    let logs =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|is| is == "log"));
    logs.filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// How the manager of a world is started; each call names another place for its probes.
pub(crate) fn settings(suite: &Suite, world: &World, identity: &str) -> Outcome<ManagerSettings> {
    let folder = folder(suite.place, world)?;
    let port = free_port()?;
    let mirrors = folder.join("git");
    let more = ["--gitops", "true", "--gitops-refresh", "true", "--gitops-unblock", "true", "--gitops-write", "true"];
    let more = more.iter().map(|word| (*word).to_owned());
    Ok(ManagerSettings {
        kubeconfig: suite.place.kubeconfig().to_owned(),
        namespace: world.name().to_owned(),
        watched: world.name().to_owned(),
        identity: identity.to_owned(),
        address: format!("{NODE}:{port}"),
        port,
        probe_port: free_port()?,
        data: folder.join("data"),
        runner_image: suite.runner_image(),
        log: folder.join(format!("{identity}.log")),
        more: more.chain(["--git-dir".to_owned(), mirrors.to_string_lossy().into_owned()]).collect(),
    })
}

fn free_port() -> Outcome<u16> {
    Ok(TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?.local_addr()?.port())
}
