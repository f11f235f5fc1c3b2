//! The API server, with RBAC, node authorization, bound service account tokens
//! and the aggregation layer.

use std::time::Duration;

use crate::addresses::{NODE_IP, SERVICE_CIDR, local, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let probe = Probe::Https(local(port::API), "/readyz");
    let mut server = Component::new("kube-apiserver", layout.program("kube-apiserver"), probe)
        .flags(&serving(layout))
        .flags(&trust(layout));
    server.folders.push(layout.data("apiserver"));
    server.ports = vec![local(port::API)];
    server.grace = Duration::from_secs(10);
    server
}

fn serving(layout: &Layout) -> Vec<(&'static str, String)> {
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    vec![
        ("etcd-servers", format!("http://127.0.0.1:{}", port::ETCD)),
        ("bind-address", "0.0.0.0".to_owned()),
        ("advertise-address", NODE_IP.to_string()),
        ("secure-port", port::API.to_string()),
        ("tls-cert-file", pki("apiserver.crt")),
        ("tls-private-key-file", pki("apiserver.key")),
        ("cert-dir", layout.data("apiserver").display().to_string()),
        ("service-cluster-ip-range", SERVICE_CIDR.to_owned()),
        ("allow-privileged", "true".to_owned()),
        ("enable-admission-plugins", "NodeRestriction".to_owned()),
        ("profiling", "false".to_owned()),
        ("shutdown-delay-duration", "0s".to_owned()),
    ]
}

fn trust(layout: &Layout) -> Vec<(&'static str, String)> {
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    vec![
        ("authorization-mode", "Node,RBAC".to_owned()),
        ("client-ca-file", pki("ca.crt")),
        ("service-account-issuer", "https://kubernetes.default.svc".to_owned()),
        ("service-account-key-file", pki("sa.pub")),
        ("service-account-signing-key-file", pki("sa.key")),
        ("kubelet-certificate-authority", pki("ca.crt")),
        ("kubelet-client-certificate", pki("apiserver-kubelet-client.crt")),
        ("kubelet-client-key", pki("apiserver-kubelet-client.key")),
        ("kubelet-preferred-address-types", "InternalIP".to_owned()),
        ("requestheader-client-ca-file", pki("front-proxy-ca.crt")),
        ("requestheader-allowed-names", "front-proxy-client".to_owned()),
        ("requestheader-username-headers", "X-Remote-User".to_owned()),
        ("requestheader-group-headers", "X-Remote-Group".to_owned()),
        ("requestheader-extra-headers-prefix", "X-Remote-Extra-".to_owned()),
        ("proxy-client-cert-file", pki("front-proxy-client.crt")),
        ("proxy-client-key-file", pki("front-proxy-client.key")),
    ]
}
