//! Debian packages that the node and the tests need, installed only when something is missing.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::addons::Addon;
use crate::progress::Progress;

/// A package, and what shows that it is there: a file, or a command that may be anywhere.
type Package = (&'static str, &'static str);

/// What the node needs.
const NODE: &[Package] = &[
    ("runc", "/usr/sbin/runc"),
    ("containernetworking-plugins", "/usr/lib/cni/bridge"),
    ("docker-registry", "/usr/bin/docker-registry"),
    ("buildah", "/usr/bin/buildah"),
    ("busybox-static", "/bin/busybox"),
    ("iptables", "/usr/sbin/iptables"),
    ("nftables", "/usr/sbin/nft"),
    ("mmdebstrap", "/usr/bin/mmdebstrap"),
    ("ca-certificates", "/usr/sbin/update-ca-certificates"),
    ("iproute2", "/sbin/ip"),
    ("conntrack", "/usr/sbin/conntrack"),
];

/// What the tests start that need no cluster: a database, a bucket (by a Python
/// module), Git over HTTP and SSH.
const TESTS: &[Package] = &[
    ("postgresql", "/usr/lib/postgresql/15/bin/initdb"),
    ("python3-venv", "/usr/share/doc/python3-venv"),
    ("git", "/usr/bin/git"),
    ("openssh-server", "/usr/sbin/sshd"),
    ("openssh-client", "/usr/bin/ssh-keygen"),
    ("libnss-wrapper", "/usr/lib/x86_64-linux-gnu/libnss_wrapper.so"),
    ("util-linux", "/usr/bin/setpriv"),
    ("mount", "/usr/bin/mount"),
    ("curl", "/usr/bin/curl"),
];

/// What builds the images of the examples' tools.
const IMAGES: &[Package] =
    &[("npm", "npm"), ("python3-pip", "pip"), ("maven", "mvn"), ("default-jdk-headless", "javac"), ("git", "git")];

/// What add-ons run, or call.
const ARGOCD: &[Package] = &[("redis-server", "/usr/bin/redis-server"), ("git", "/usr/bin/git"), ("gnupg", "gpg")];
const GITEA: &[Package] =
    &[("git", "/usr/bin/git"), ("openssh-client", "/usr/bin/ssh-keygen"), ("util-linux", "/usr/bin/setpriv")];

/// While this file exists, Debian's packages do not start their services.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Why packages could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// Only root may run a node.
    #[error("a cluster node needs root: network, mounts and cgroups are the machine's own")]
    NotRoot,
    /// Only root may install packages.
    #[error("these packages are missing, and only root may install them: {0}")]
    Missing(String),
    /// `apt-get` could not be run.
    #[error("cannot run apt-get to install {0}")]
    Run(String, #[source] io::Error),
    /// `apt-get` failed.
    #[error("apt-get could not install {packages}:\n{output}")]
    Failed {
        /// Names of the packages.
        packages: String,
        /// The end of what it printed.
        output: String,
    },
    /// The service policy file could not be written.
    #[error("cannot write {POLICY}")]
    Policy(#[source] io::Error),
}

/// Installs what is missing for the node; says so first.
///
/// # Errors
/// When this is not root, or `apt-get` fails.
pub fn ensure_for_node(progress: &Progress) -> Result<(), PackagesError> {
    if !rustix::process::geteuid().is_root() {
        return Err(PackagesError::NotRoot);
    }
    ensure(NODE, progress)
}

/// Installs what is missing for building the images; says so first.
///
/// # Errors
/// When something is missing and this is not root, or `apt-get` fails.
pub fn ensure_for_images(progress: &Progress) -> Result<(), PackagesError> {
    ensure(IMAGES, progress)
}

/// Installs what is missing for the tests that need no cluster; says so first.
///
/// # Errors
/// When something is missing and this is not root, or `apt-get` fails.
pub fn ensure_for_tests(progress: &Progress) -> Result<(), PackagesError> {
    ensure(TESTS, progress)
}

/// Installs what is missing for add-ons; says so first.
///
/// # Errors
/// When something is missing and this is not root, or `apt-get` fails.
pub fn ensure_for_addons(addons: &[Addon], progress: &Progress) -> Result<(), PackagesError> {
    ensure(&of_addons(addons), progress)
}

fn of_addons(addons: &[Addon]) -> Vec<Package> {
    let mut packages: Vec<Package> = Vec::new();
    for addon in addons {
        packages.extend_from_slice(match addon {
            Addon::Argocd => ARGOCD,
            Addon::Flux => &[],
            Addon::Gitea => GITEA,
        });
    }
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Installs what is missing; says so first.
///
/// # Errors
/// When this is not root, or `apt-get` fails.
fn ensure(packages: &[Package], progress: &Progress) -> Result<(), PackagesError> {
    let missing = missing(packages, Path::new("/"));
    if missing.is_empty() {
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        return Err(PackagesError::Missing(missing.join(" ")));
    }
    let names = missing.join(" ");
    progress.say(&format!("installing Debian packages: {names}"));
    let with_policy = forbid_services()?;
    let outcome = progress.long("installing packages", || install(&missing, &names));
    if with_policy {
        let _ = fs::remove_file(POLICY);
    }
    outcome
}

fn missing(packages: &[Package], root: &Path) -> Vec<&'static str> {
    let commands = std::env::var_os("PATH").unwrap_or_default();
    let there = |shown: &str| match shown.strip_prefix('/') {
        Some(file) => root.join(file).exists(),
        None => std::env::split_paths(&commands).any(|folder| folder.join(shown).exists()),
    };
    packages.iter().filter(|(_, file)| !there(file)).map(|(name, _)| *name).collect()
}

/// Says whether the policy file is ours to remove.
fn forbid_services() -> Result<bool, PackagesError> {
    if Path::new(POLICY).exists() {
        return Ok(false);
    }
    fs::write(POLICY, "#!/bin/sh\nexit 101\n")
        .and_then(|()| fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755)))
        .map_err(PackagesError::Policy)?;
    Ok(true)
}

fn install(packages: &[&str], names: &str) -> Result<(), PackagesError> {
    let apt = |args: &[&str]| -> Result<Output, PackagesError> {
        Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .output()
            .map_err(|source| PackagesError::Run(names.to_owned(), source))
    };
    // An outdated list is no failure yet; the installation tells.
    let _ = apt(&["update", "-q"])?;
    let mut args = vec!["install", "-q", "-y", "--no-install-recommends"];
    args.extend(packages);
    let result = apt(&args)?;
    if result.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&result.stderr);
    let lines: Vec<&str> = text.lines().collect();
    let output = lines[lines.len().saturating_sub(15)..].join("\n");
    Err(PackagesError::Failed { packages: names.to_owned(), output })
}

/// Stops the service that Debian's package `docker-registry` may run on our port.
pub fn quiet_registry_service() {
    let systemd = Path::new("/run/systemd/system").exists();
    let (program, args): (&str, &[&str]) = if systemd {
        ("systemctl", &["disable", "--now", "docker-registry"])
    } else {
        ("/etc/init.d/docker-registry", &["stop"])
    };
    let _ = Command::new(program).args(args).output();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_of_two_addons_is_asked_for_once() {
        let all = of_addons(&Addon::ALL);
        assert_eq!(all.iter().filter(|(name, _)| *name == "git").count(), 1);
        assert!(all.iter().any(|(name, _)| *name == "redis-server"));
        assert!(of_addons(&[Addon::Flux]).is_empty());
    }

    #[test]
    fn what_is_there_is_not_missing() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(missing(NODE, root.path()).len(), NODE.len());
        fs::create_dir_all(root.path().join("usr/sbin")).unwrap();
        fs::write(root.path().join("usr/sbin/runc"), "").unwrap();
        assert!(!missing(NODE, root.path()).contains(&"runc"));
    }
}
