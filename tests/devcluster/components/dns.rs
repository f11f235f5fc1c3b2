//! `CoreDNS` as a process of the host, reached by pods through the service `kube-dns`.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use serde_json::Value;

use crate::addresses::{API_SERVICE_IP, DNS_SERVICE_IP, NODE_IP, local, on_node, port};
use crate::component::{Component, Probe};
use crate::layout::Layout;

/// The component.
pub fn component(layout: &Layout) -> Component {
    let config = layout.config().join("Corefile");
    let probe = Probe::Http(local(port::DNS_READY), "/ready");
    let mut dns = Component::new("coredns", layout.program("coredns"), probe);
    dns.args = vec!["-conf".to_owned(), config.display().to_string()];
    let text = fill(include_str!("../manifests/Corefile"))
        .replace("@KUBECONFIG@", &layout.admin_kubeconfig().display().to_string())
        .replace("@HEALTH@", &local(port::DNS_HEALTH).to_string())
        .replace("@READY@", &local(port::DNS_READY).to_string());
    dns.files.push((config, text));
    dns.ports = vec![on_node(port::DNS), local(port::DNS_HEALTH), local(port::DNS_READY)];
    dns.grace = Duration::from_secs(6);
    dns
}

/// The service `kube-dns` and where it leads.
#[must_use]
pub fn objects() -> Vec<Value> {
    let text = fill(include_str!("../manifests/dns.yaml"));
    text.split("\n---\n").map(|document| serde_yaml::from_str(document).expect("the manifest is a constant")).collect()
}

fn fill(template: &str) -> String {
    template
        .replace("@DNS@", &DNS_SERVICE_IP.to_string())
        .replace("@NODE_IP@", &NODE_IP.to_string())
        .replace("@PORT@", &port::DNS.to_string())
}

/// Whether the name of the API server resolves through the service address, which
/// takes kube-proxy, the endpoint and `CoreDNS` together.
#[must_use]
pub fn answers() -> bool {
    let ask = || -> std::io::Result<bool> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(300)))?;
        socket.send_to(&question("kubernetes.default.svc.cluster.local"), (DNS_SERVICE_IP, 53))?;
        let mut answer = [0_u8; 512];
        let length = socket.recv(&mut answer)?;
        Ok(answer[..length].windows(4).any(|four| four == API_SERVICE_IP.octets()))
    };
    ask().unwrap_or(false)
}

/// A DNS question for the IPv4 address of `name`.
fn question(name: &str) -> Vec<u8> {
    let mut message = vec![0xA5, 0x5A, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        message.push(u8::try_from(label.len()).expect("labels are short"));
        message.extend_from_slice(label.as_bytes());
    }
    message.extend_from_slice(&[0, 0, 1, 0, 1]);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_spelled_in_labels() {
        let message = question("a.bc");
        assert_eq!(&message[12..], b"\x01a\x02bc\x00\x00\x01\x00\x01");
    }

    #[test]
    fn the_service_and_its_endpoints_carry_the_addresses() {
        let objects = objects();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["spec"]["clusterIP"], "10.96.0.10");
        assert_eq!(objects[1]["endpoints"][0]["addresses"][0], "172.30.0.1");
        assert_eq!(objects[1]["ports"][0]["port"], 1053);
    }
}
