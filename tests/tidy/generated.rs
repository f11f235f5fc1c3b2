//! Files that are made from the code, committed, and must not fall behind it.

use std::path::Path;
use std::{fs, io};

use crate::argocd;
use crate::finding::Finding;

/// A committed file that a function produces.
#[derive(Clone, Copy, Debug)]
pub struct Generated {
    /// Path in the workspace.
    pub path: &'static str,
    /// Makes its text; must be the same at every call.
    pub produce: fn() -> String,
}

/// Every generated file.
pub const GENERATED: &[Generated] = &[
    Generated { path: "crds/testworkflows.yaml", produce: || definition("TestWorkflow") },
    Generated { path: "charts/assay/files/crds/testworkflows.yaml", produce: || definition("TestWorkflow") },
    Generated { path: "crds/testworkflowtemplates.yaml", produce: || definition("TestWorkflowTemplate") },
    Generated {
        path: "charts/assay/files/crds/testworkflowtemplates.yaml",
        produce: || definition("TestWorkflowTemplate"),
    },
    Generated { path: "crds/testexecutions.yaml", produce: || definition("TestExecution") },
    Generated { path: "charts/assay/files/crds/testexecutions.yaml", produce: || definition("TestExecution") },
    Generated { path: "crds/testgates.yaml", produce: || definition("TestGate") },
    Generated { path: "charts/assay/files/crds/testgates.yaml", produce: || definition("TestGate") },
    Generated { path: "crds/rollbacks.yaml", produce: || definition("Rollback") },
    Generated { path: "charts/assay/files/crds/rollbacks.yaml", produce: || definition("Rollback") },
    Generated { path: "crds/gitwriteaccesses.yaml", produce: || definition("GitWriteAccess") },
    Generated { path: "charts/assay/files/crds/gitwriteaccesses.yaml", produce: || definition("GitWriteAccess") },
    Generated { path: "charts/assay/argocd/argocd-cm.yaml", produce: argocd::config_map },
    Generated { path: "charts/assay/argocd/values-argo-cd.yaml", produce: argocd::chart_values },
    Generated { path: "docs/faults.md", produce: assay_cluster_tests::page },
    Generated { path: "docs/gitops-results.md", produce: assay_cluster_tests::gitops_page },
    Generated { path: "docs/cli.md", produce: assay_ctl::reference },
];

/// The definition of a kind as YAML, as `assay-manager crds` prints it.
fn definition(kind: &str) -> String {
    let definitions = assay_api::crd::all();
    let definition = definitions.iter().find(|definition| definition.spec.names.kind == kind);
    // By way of a value: its maps are sorted, so the text is always the same.
    let value = serde_json::to_value(definition.expect("the kind is one of ours")).expect("plain data serialises");
    serde_yaml::to_string(&value).expect("plain data serialises")
}

/// Compares each file with what is produced, or writes it when `update` is set.
///
/// # Errors
/// A file cannot be written.
pub fn check(root: &Path, files: &[Generated], update: bool) -> io::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for file in files {
        let path = root.join(file.path);
        let want = (file.produce)();
        let have = fs::read_to_string(&path).unwrap_or_default();
        if have == want {
            continue;
        }
        if update {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&path, want)?;
            continue;
        }
        let line = 1 + have.lines().zip(want.lines()).take_while(|(have, want)| have == want).count();
        findings.push(Finding::at(
            file.path,
            line,
            "is not what the code produces; run `UPDATE=1 cargo test -p assay-tidy` and commit the result",
        ));
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_behind_is_found_and_written() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = [Generated { path: "a/b.yaml", produce: || "x: 1\ny: 2\n".to_owned() }];
        let found = check(folder.path(), &files, false).expect("no writing");
        assert_eq!(found[0].place, "a/b.yaml:1");
        assert_eq!(check(folder.path(), &files, true).expect("writable"), []);
        assert_eq!(check(folder.path(), &files, false).expect("no writing"), []);
        fs::write(folder.path().join("a/b.yaml"), "x: 1\ny: 3\n").expect("writable");
        assert_eq!(check(folder.path(), &files, false).expect("no writing")[0].place, "a/b.yaml:2");
    }
}
