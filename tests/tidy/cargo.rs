//! What Cargo resolves: which packages are linked into what.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde::Deserialize;

use crate::finding::Finding;
use crate::workspace::{Workspace, WorkspaceError};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Packages that the runner must not link: a Kubernetes client, a web server
/// and a database are of no use in a test's pod and cost every pod memory.
pub const NOT_IN_RUNNER: &[&str] = &["kube", "k8s-openapi", "axum", "sqlx"];
/// Packages that nothing of ours may link: there is one TLS provider.
pub const NOWHERE: &[&str] = &["openssl-sys", "native-tls", "ring"];
/// Packages of which there may be one version only.
pub const ONCE: &[&str] = &["hyper", "rustls", "axum", "reqwest", "http"];

/// A package with its version.
pub type Linked = (String, String);

/// A package and what it may be used under.
#[derive(Clone, Debug, Deserialize)]
pub struct Licensed {
    /// Name of the package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SPDX expression, if the package states one.
    pub license: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Licensed>,
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// All packages that are linked into a package, or with `None` into anything
/// of the workspace (build scripts included).
///
/// # Errors
/// Cargo cannot resolve the workspace.
pub fn linked(workspace: &Workspace, package: Option<&str>) -> Result<BTreeSet<Linked>, WorkspaceError> {
    let mut command = cargo();
    command.args(["tree", "--locked", "--prefix", "none", "--format", "{p}", "--target", TARGET]);
    match package {
        Some(package) => command.args(["-p", package, "-e", "normal"]),
        None => command.args(["--workspace", "-e", "normal,build"]),
    };
    Ok(parse(&workspace.run(command)?))
}

fn parse(tree: &str) -> BTreeSet<Linked> {
    let package = |line: &str| {
        let mut words = line.split(' ');
        Some((words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned()))
    };
    tree.lines().filter_map(package).collect()
}

/// The packages of `banned` (and their parts, such as `kube-client` of
/// `kube`) that are linked.
#[must_use]
pub fn banned(linked: &BTreeSet<Linked>, place: &str, banned: &[&str], way_out: &str) -> Vec<Finding> {
    let is = |name: &str, banned: &str| {
        name == banned || name.strip_prefix(banned).is_some_and(|rest| rest.starts_with('-'))
    };
    let mut findings = Vec::new();
    for (name, version) in linked {
        if banned.iter().any(|banned| is(name, banned)) {
            findings.push(Finding::new(
                place,
                format!("{name} {version} is linked; {way_out} (`cargo tree -i {name}` says through what)"),
            ));
        }
    }
    findings
}

/// The packages of `once` of which there are several versions.
#[must_use]
pub fn doubled(linked: &BTreeSet<Linked>, once: &[&str]) -> Vec<Finding> {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, version) in linked {
        versions.entry(name).or_default().push(version);
    }
    let double = once.iter().filter_map(|name| Some((name, versions.get(name).filter(|versions| versions.len() > 1)?)));
    double
        .map(|(name, versions)| {
            let words = format!(
                "{name} is linked in versions {}; bring all who use it to one (`cargo tree -d` says who)",
                versions.join(" and ")
            );
            Finding::new("Cargo.lock", words)
        })
        .collect()
}

/// Every package of the resolved workspace with its licence.
///
/// # Errors
/// Cargo cannot resolve the workspace.
pub fn licensed(workspace: &Workspace) -> Result<Vec<Licensed>, WorkspaceError> {
    let mut command = cargo();
    command.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]);
    let text = workspace.run(command)?;
    let metadata: Metadata = serde_json::from_str(&text)
        .map_err(|error| WorkspaceError::Command("cargo metadata".to_owned(), error.to_string()))?;
    Ok(metadata.packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_and_judged() {
        let tree = "assay-runner v0.1.0 (/somewhere)\nkube-client v5.0.0\nkubelike v1.0.0\nhttp v1.3.1 (*)\nhttp v0.2.12\n\n[build-dependencies]\ncc v1.0.0\n";
        let linked = parse(tree);
        assert_eq!(linked.len(), 6);
        let found = banned(&linked, "src/runner", &["kube", "ring"], "why");
        assert_eq!(found.len(), 1);
        assert!(found[0].words.starts_with("kube-client 5.0.0 is linked"));
        let found = doubled(&linked, ONCE);
        assert_eq!(found.len(), 1);
        assert!(found[0].words.starts_with("http is linked in versions 0.2.12 and 1.3.1"));
    }
}
