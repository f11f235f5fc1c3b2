//! Flux: the source-controller, which fetches, and the kustomize-controller, which applies.

use std::time::Duration;

use serde_json::Value;

use crate::addresses::{local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;
use crate::objects;

/// The namespace of Flux.
const NAMESPACE: &str = "flux-system";
/// Name of the source-controller.
pub const SOURCE: &str = "source-controller";
/// Name of the kustomize-controller.
pub const KUSTOMIZE: &str = "kustomize-controller";
/// Feature gates of the kustomize-controller, such as
/// `CancelHealthCheckOnNewRevision=true`; Flux's own defaults when it is not set. Read
/// when the controller is started.
pub const GATES_ENV: &str = "ASSAY_FLUX_GATES";

/// The components, in start order.
#[must_use]
pub fn components(layout: &Layout) -> Vec<Component> {
    vec![source(layout), kustomize(layout)]
}

/// The namespace.
#[must_use]
pub fn objects() -> Vec<Value> {
    objects::documents(include_str!("../manifests/flux.yaml")).expect("the manifest is a constant")
}

fn source(layout: &Layout) -> Component {
    let artifacts = layout.data("flux").join("artifacts");
    let address = local(port::FLUX_ARTIFACTS).to_string();
    let mut source = controller(layout, SOURCE, port::FLUX_SOURCE_HEALTH, port::FLUX_SOURCE_METRICS).flags(&[
        ("storage-path", artifacts.display().to_string()),
        ("storage-addr", address.clone()),
        ("storage-adv-addr", address),
    ]);
    source.folders.push(artifacts);
    source.ports.push(local(port::FLUX_ARTIFACTS));
    source
}

fn kustomize(layout: &Layout) -> Component {
    let mut kustomize = controller(layout, KUSTOMIZE, port::FLUX_KUSTOMIZE_HEALTH, port::FLUX_KUSTOMIZE_METRICS)
        .flags(&[("no-remote-bases", "true".to_owned()), ("requeue-dependency", "2s".to_owned())]);
    if let Ok(gates) = std::env::var(GATES_ENV) {
        kustomize.args.push(format!("--feature-gates={gates}"));
    }
    kustomize
}

fn controller(layout: &Layout, name: &'static str, health: u16, metrics: u16) -> Component {
    let temporary = layout.data("flux").join("tmp");
    let mut controller = Component::new(name, layout.program(name), Probe::Http(local(health), "/readyz")).flags(&[
        ("watch-all-namespaces", "true".to_owned()),
        ("health-addr", local(health).to_string()),
        ("metrics-addr", local(metrics).to_string()),
    ]);
    let variables = [
        ("KUBECONFIG", layout.admin_kubeconfig().display().to_string()),
        ("RUNTIME_NAMESPACE", NAMESPACE.to_owned()),
        ("TMPDIR", temporary.display().to_string()),
    ];
    controller.env.extend(variables.map(|(name, value)| (name.to_owned(), value)));
    controller.folders.push(temporary);
    controller.ports = vec![local(health), local(metrics)];
    controller.grace = Duration::from_secs(10);
    controller
}
