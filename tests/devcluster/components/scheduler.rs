//! The scheduler.

use crate::addresses::{local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let name = "kube-scheduler";
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    let kubeconfig = layout.kubeconfig("scheduler").display().to_string();
    let probe = Probe::Https(local(port::SCHEDULER), "/healthz");
    let mut scheduler = Component::new(name, layout.program(name), probe).flags(&[
        ("kubeconfig", kubeconfig.clone()),
        ("authentication-kubeconfig", kubeconfig.clone()),
        ("authorization-kubeconfig", kubeconfig),
        ("bind-address", "127.0.0.1".to_owned()),
        ("secure-port", port::SCHEDULER.to_string()),
        ("tls-cert-file", pki("localhost.crt")),
        ("tls-private-key-file", pki("localhost.key")),
        ("leader-elect", "false".to_owned()),
        ("profiling", "false".to_owned()),
    ]);
    scheduler.ports = vec![local(port::SCHEDULER)];
    scheduler
}
