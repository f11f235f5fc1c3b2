//! The controller manager.

use crate::addresses::{local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let name = "kube-controller-manager";
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    let kubeconfig = layout.kubeconfig("controller-manager").display().to_string();
    let probe = Probe::Https(local(port::CONTROLLERS), "/healthz");
    let mut controllers = Component::new(name, layout.program(name), probe).flags(&[
        ("kubeconfig", kubeconfig.clone()),
        ("authentication-kubeconfig", kubeconfig.clone()),
        ("authorization-kubeconfig", kubeconfig),
        ("bind-address", "127.0.0.1".to_owned()),
        ("secure-port", port::CONTROLLERS.to_string()),
        ("tls-cert-file", pki("localhost.crt")),
        ("tls-private-key-file", pki("localhost.key")),
        ("service-account-private-key-file", pki("sa.key")),
        ("root-ca-file", pki("ca.crt")),
        ("cluster-signing-cert-file", pki("ca.crt")),
        ("cluster-signing-key-file", pki("ca.key")),
        ("use-service-account-credentials", "true".to_owned()),
        ("leader-elect", "false".to_owned()),
        ("profiling", "false".to_owned()),
    ]);
    controllers.ports = vec![local(port::CONTROLLERS)];
    controllers
}
