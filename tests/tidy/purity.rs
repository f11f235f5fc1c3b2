//! Rooms that only think, and the one room that talks to Kubernetes.

use crate::finding::Finding;
use crate::source::{Module, Tree};

/// Rooms without async, IO and clock: time and text are arguments there.
pub const PURE: &[&str] = &["api", "expr", "report", "protocol", "plan", "lifecycle", "gitops"];

/// The room that may name the Kubernetes client.
pub const CLIENT_ROOM: &str = "cluster";

/// Beginnings of paths that a pure room must not use.
const IMPURE: &[&[&str]] = &[
    &["tokio"],
    &["async"],
    &["await"],
    &["std", "fs"],
    &["std", "net"],
    &["std", "process"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["std", "time", "*"],
];

/// Ends of paths that read the clock, whatever they are called through.
const CLOCKS: &[&[&str]] = &[&["Timestamp", "now"], &["Zoned", "now"]];

/// Everything impure in a pure room, outside of its tests.
#[must_use]
pub fn impure(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (module, path, line) in paths(tree) {
        let starts = IMPURE.iter().any(|impure| starts_with(&path, impure));
        let ends = CLOCKS.iter().any(|clock| path.len() >= clock.len() && path[path.len() - clock.len()..] == **clock);
        if starts || ends {
            let words = format!(
                "`{}` in a pure room; take the time, the text or the answer as an argument, and do the work in a room with IO",
                path.join("::")
            );
            findings.push(Finding::at(&module.file, line, words));
        }
    }
    findings
}

/// Every place that names `kube::Client`.
#[must_use]
pub fn clients(tree: &Tree) -> Vec<Finding> {
    let named = |path: &[String]| {
        path.first().is_some_and(|first| first == "kube" || first == "kube_client")
            && path.iter().any(|name| name == "Client")
    };
    paths(tree)
        .filter(|(_, path, _)| named(path))
        .map(|(module, path, line)| {
            let words = format!(
                "`{}` outside of {CLIENT_ROOM}; ask {CLIENT_ROOM} for what is needed, or give it a function for that",
                path.join("::")
            );
            Finding::at(&module.file, line, words)
        })
        .collect()
}

/// All paths of a crate outside of its tests, as they are in full.
fn paths(tree: &Tree) -> impl Iterator<Item = (&Module, Vec<String>, usize)> {
    tree.modules.iter().filter(|module| !module.test).flat_map(|module| {
        let imports = module.imports.iter().filter(|import| !import.test).map(move |import| {
            let glob = import.alias.is_none().then(|| "*".to_owned());
            (module, import.path.iter().cloned().chain(glob).collect(), import.line)
        });
        let references = module.references.iter().filter(|reference| !reference.test);
        imports.chain(references.map(move |reference| (module, full(module, &reference.path), reference.line)))
    })
}

/// A path with its first name replaced by what was imported under it.
fn full(module: &Module, path: &[String]) -> Vec<String> {
    let import = module.imports.iter().find(|import| import.alias.is_some() && import.alias.as_ref() == path.first());
    match import {
        Some(import) => import.path.iter().chain(&path[1..]).cloned().collect(),
        None => path.to_vec(),
    }
}

fn starts_with(path: &[String], start: &[&str]) -> bool {
    path.len() >= start.len() && path.iter().zip(start).all(|(a, b)| a == b)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::workspace::Workspace;

    fn tree(text: &str) -> Tree {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("lib.rs"), text).expect("writable");
        Tree::load(&Workspace { root: folder.path().to_path_buf() }, "lib.rs")
    }

    fn lines(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|finding| finding.place.trim_start_matches("lib.rs:")).collect()
    }

    #[test]
    fn impure_code_is_found_under_any_name() {
        let text = "use std::{fs, io::BufRead, time::{self, Duration}};\n\
            fn a() { fs::read(\"x\"); }\n\
            fn b() { let _ = time::Instant::now(); }\n\
            async fn c() {}\n\
            fn d() { let _ = format!(\"{}\", std::process::id()); }\n\
            fn e() { let _ = jiff::Timestamp::now(); }\n\
            fn f(now: jiff::Timestamp, d: Duration) {}\n\
            #[cfg(test)]\nmod tests {\n use std::fs;\n #[test]\n fn t() { fs::read(\"x\"); }\n}\n";
        assert_eq!(lines(&impure(&tree(text))), ["1", "2", "3", "4", "5", "6"]);
    }

    #[test]
    fn the_client_is_found_in_imports_and_paths() {
        let text = "use kube::{Api, Client as C};\nuse kube::client::Body;\nfn f(c: kube::Client) {}\nfn g(c: C) {}\nfn h(c: my::Client, a: kube::Api<u8>) {}\n";
        assert_eq!(lines(&clients(&tree(text))), ["1", "3", "4"]);
    }
}
