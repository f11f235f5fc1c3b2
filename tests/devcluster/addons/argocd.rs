//! Argo CD: Redis, the repository server, the application controller and the server,
//! each the one program under another name.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::addresses::{local, port};
use crate::component::{Component, Probe};
use crate::engines;
use crate::layout::Layout;
use crate::objects;

/// The namespace of Argo CD and its applications.
pub const NAMESPACE: &str = "argocd";
/// Name of Argo CD's Redis.
pub const REDIS: &str = "argocd-redis";
/// Name of the repository server.
pub const REPOSITORIES: &str = "argocd-repo-server";
/// Name of the application controller.
pub const CONTROLLER: &str = "argocd-application-controller";
/// Name of the server.
pub const SERVER: &str = "argocd-server";
/// Seconds between two waves of a synchronisation; Argo CD's own 2 when it is not set.
/// Read when the controller is started.
pub const WAVE_DELAY_ENV: &str = "ASSAY_ARGOCD_WAVE_DELAY";

/// The components, in start order.
#[must_use]
pub fn components(layout: &Layout) -> Vec<Component> {
    vec![redis(layout), repositories(layout), controller(layout), server(layout)]
}

/// Namespace, settings and the default project.
#[must_use]
pub fn objects() -> Vec<Value> {
    objects::documents(include_str!("../manifests/argocd.yaml")).expect("the manifest is a constant")
}

fn redis(layout: &Layout) -> Component {
    let config = layout.config().join("redis.conf");
    let socket = layout.run().join("redis.sock");
    let mut redis = Component::new(REDIS, PathBuf::from("/usr/bin/redis-server"), Probe::Socket(socket.clone()));
    redis.args = vec![config.display().to_string()];
    let text = include_str!("../manifests/redis.conf")
        .replace("@PORT@", &port::ARGOCD_REDIS.to_string())
        .replace("@SOCKET@", &socket.display().to_string())
        .replace("@DATA@", &layout.data("redis").display().to_string());
    redis.files.push((config, text));
    redis.folders = vec![layout.data("redis"), layout.run()];
    redis.ports = vec![local(port::ARGOCD_REDIS)];
    redis
}

fn repositories(layout: &Layout) -> Component {
    let probe = Probe::Http(local(port::ARGOCD_REPOSITORIES_METRICS), "/healthz");
    let mut repositories = part(layout, REPOSITORIES, probe).flags(&[
        ("redis", local(port::ARGOCD_REDIS).to_string()),
        ("address", "127.0.0.1".to_owned()),
        ("port", port::ARGOCD_REPOSITORIES.to_string()),
        ("metrics-address", "127.0.0.1".to_owned()),
        ("metrics-port", port::ARGOCD_REPOSITORIES_METRICS.to_string()),
        ("disable-tls", "true".to_owned()),
        // Its default is a path, and any path is refused without TLS.
        ("client-ca-path", String::new()),
        ("logformat", "text".to_owned()),
    ]);
    repositories.ports = vec![local(port::ARGOCD_REPOSITORIES), local(port::ARGOCD_REPOSITORIES_METRICS)];
    repositories
}

fn controller(layout: &Layout) -> Component {
    let probe = Probe::Http(local(port::ARGOCD_CONTROLLER_METRICS), "/healthz");
    let mut controller = part(layout, CONTROLLER, probe)
        .flags(&of_cluster(layout))
        .flags(&[("metrics-port", port::ARGOCD_CONTROLLER_METRICS.to_string())]);
    if let Ok(seconds) = std::env::var(WAVE_DELAY_ENV) {
        controller.env.push(("ARGOCD_SYNC_WAVE_DELAY".to_owned(), seconds));
    }
    controller.ports = vec![local(port::ARGOCD_CONTROLLER_METRICS)];
    controller
}

fn server(layout: &Layout) -> Component {
    let probe = Probe::Http(local(port::ARGOCD), "/healthz");
    let mut server = part(layout, SERVER, probe).flags(&of_cluster(layout)).flags(&[
        ("address", "127.0.0.1".to_owned()),
        ("port", port::ARGOCD.to_string()),
        ("metrics-address", "127.0.0.1".to_owned()),
        ("metrics-port", port::ARGOCD_METRICS.to_string()),
        ("insecure", "true".to_owned()),
        ("disable-auth", "true".to_owned()),
    ]);
    server.ports = vec![local(port::ARGOCD), local(port::ARGOCD_METRICS)];
    server
}

/// What the parts that watch the cluster have in common.
fn of_cluster(layout: &Layout) -> Vec<(&'static str, String)> {
    vec![
        ("kubeconfig", layout.kubeconfig("argocd").display().to_string()),
        ("namespace", NAMESPACE.to_owned()),
        ("redis", local(port::ARGOCD_REDIS).to_string()),
        ("repo-server", local(port::ARGOCD_REPOSITORIES).to_string()),
        ("repo-server-plaintext", "true".to_owned()),
        ("logformat", "text".to_owned()),
    ]
}

fn part(layout: &Layout, name: &'static str, probe: Probe) -> Component {
    let data = layout.data("argocd");
    let mut part = Component::new(name, layout.program(name), probe);
    let folders = [
        ("ARGOCD_TLS_DATA_PATH", "tls"),
        ("ARGOCD_SSH_DATA_PATH", "ssh"),
        ("ARGOCD_GNUPGHOME", "gpg"),
        ("TMPDIR", "tmp"),
    ];
    for (variable, folder) in folders {
        part.env.push((variable.to_owned(), data.join(folder).display().to_string()));
        part.folders.push(data.join(folder));
    }
    let others = [
        // The cluster that applications name as their own is that of the kubeconfig.
        ("ARGOCD_FAKE_IN_CLUSTER", "true".to_owned()),
        ("KUBECONFIG", layout.kubeconfig("argocd").display().to_string()),
        ("ARGOCD_GPG_ENABLED", "false".to_owned()),
        ("ARGOCD_ASK_PASS_SOCK", layout.run().join("argocd-ask-pass.sock").display().to_string()),
        ("PATH", path(layout)),
    ];
    part.env.extend(others.map(|(name, value)| (name.to_owned(), value)));
    part.folders.push(layout.run());
    part.grace = Duration::from_secs(10);
    part
}

/// Git asks `argocd` itself for credentials; the scripts that check signatures lie beside it.
fn path(layout: &Layout) -> String {
    let own = engines::of_addon("argocd").bin(layout);
    let inherited = std::env::var("PATH").unwrap_or_default();
    format!("{}:{}:{inherited}", own.display(), layout.bin().display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_objects_are_those_that_argo_cd_looks_for() {
        let names: Vec<_> = objects().iter().map(|object| object["metadata"]["name"].clone()).collect();
        assert_eq!(names, ["argocd", "argocd-cm", "argocd-rbac-cm", "argocd-cmd-params-cm", "default"]);
        let settings = objects().into_iter().filter(|object| object["kind"] == "ConfigMap");
        for object in settings {
            assert_eq!(object["metadata"]["labels"]["app.kubernetes.io/part-of"], "argocd", "Argo CD reads only these");
        }
    }
}
