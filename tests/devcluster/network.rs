//! The node's own network: an address on a veth pair, and a route that keeps
//! service addresses on this machine until kube-proxy translates them.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::addresses::{BRIDGE, NODE_IP, NODE_LINK, NODE_LINK_PEER, SERVICE_CIDR};

/// Why the node's network could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// `ip` or `nft` could not be run.
    #[error("cannot run {0}")]
    Run(String, #[source] io::Error),
    /// `ip` or `nft` refused.
    #[error("{command}: {message}")]
    Refused {
        /// The command line.
        command: String,
        /// What it said.
        message: String,
    },
    /// A kernel setting could not be changed.
    #[error("cannot set {0}")]
    Setting(&'static str, #[source] io::Error),
}

/// Whether a network interface exists.
#[must_use]
pub fn link_exists(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}

/// Makes the veth pair, the route and the kernel settings. May be repeated.
///
/// # Errors
/// When a command or a kernel setting is refused.
pub fn set_up() -> Result<(), NetworkError> {
    setting("/proc/sys/net/ipv4/ip_forward")?;
    // Without it, pods on the bridge would answer each other directly and the
    // translation of a service address would never be undone.
    setting("/proc/sys/net/bridge/bridge-nf-call-iptables")?;
    if !link_exists(NODE_LINK) {
        ip(&["link", "add", NODE_LINK, "type", "veth", "peer", "name", NODE_LINK_PEER])?;
    }
    ip(&["address", "replace", &format!("{NODE_IP}/32"), "dev", NODE_LINK])?;
    ip(&["link", "set", NODE_LINK, "up"])?;
    ip(&["link", "set", NODE_LINK_PEER, "up"])?;
    ip(&["route", "replace", SERVICE_CIDR, "dev", NODE_LINK])
}

/// Removes the veth pair and the pods' bridge.
///
/// # Errors
/// When `ip` refuses.
pub fn tear_down() -> Result<(), NetworkError> {
    for link in [NODE_LINK, BRIDGE] {
        if link_exists(link) {
            ip(&["link", "delete", link])?;
        }
    }
    Ok(())
}

fn ip(args: &[&str]) -> Result<(), NetworkError> {
    run("ip", args).map(drop)
}

fn setting(path: &'static str) -> Result<(), NetworkError> {
    if !Path::new(path).exists() || fs::read_to_string(path).is_ok_and(|now| now.trim() == "1") {
        return Ok(());
    }
    fs::write(path, "1").map_err(|source| NetworkError::Setting(path, source))
}

/// Runs a network command and gives its output.
///
/// # Errors
/// When it cannot be run or exits with an error.
pub fn run(program: &str, args: &[&str]) -> Result<String, NetworkError> {
    let command = || format!("{program} {}", args.join(" "));
    let output = Command::new(program).args(args).output().map_err(|source| NetworkError::Run(command(), source))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(NetworkError::Refused { command: command(), message })
}
