//! What Argo CD must be told of our kinds, from the scripts that would be contributed to it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workspace::Workspace;

/// Where the scripts are, in the layout of Argo CD's own sources.
const SCRIPTS: &str = "charts/assay/argocd/resource_customizations";
const GROUP: &str = "assay.dev";

/// One key of `argocd-cm` with its text.
type Entry = (String, String);

/// A patch for the ConfigMap `argocd-cm`, which is also a whole ConfigMap for `argocd admin`.
///
/// # Panics
/// When a script cannot be read.
pub fn config_map() -> String {
    let head = "# Made from the scripts beside it; changes here are overwritten.\n\
        #   kubectl -n argocd patch configmap argocd-cm --patch-file argocd-cm.yaml\n\
        apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\ndata:\n";
    head.to_owned() + &written(&entries(&Workspace::here().root), 2)
}

/// Values for the Helm chart `argo-cd`.
///
/// # Panics
/// When a script cannot be read.
pub fn chart_values() -> String {
    let head = "# Made from the scripts beside it; changes here are overwritten.\n\
        #   helm upgrade argocd argo/argo-cd -n argocd --reuse-values --values values-argo-cd.yaml\n\
        configs:\n  cm:\n";
    head.to_owned() + &written(&entries(&Workspace::here().root), 4)
}

fn entries(root: &Path) -> Vec<Entry> {
    let group = root.join(SCRIPTS).join(GROUP);
    let mut entries = Vec::new();
    for folder in sorted(&group) {
        let kind = name(&folder);
        entries.push((format!("resource.customizations.health.{GROUP}_{kind}"), read(&folder.join("health.lua"))));
        let actions = folder.join("actions");
        if actions.is_dir() {
            entries.push((format!("resource.customizations.actions.{GROUP}_{kind}"), definitions(&actions)));
        }
    }
    entries
}

/// The YAML text that holds the actions of a kind.
fn definitions(actions: &Path) -> String {
    let mut out = format!("discovery.lua: |\n{}definitions:\n", indented(&read(&actions.join("discovery.lua")), 2));
    for folder in sorted(actions).into_iter().filter(|folder| folder.join("action.lua").is_file()) {
        let script = indented(&read(&folder.join("action.lua")), 6);
        out.push_str(&format!("  - name: {}\n    action.lua: |\n{script}", name(&folder)));
    }
    out
}

fn written(entries: &[Entry], depth: usize) -> String {
    let pad = " ".repeat(depth);
    entries.iter().map(|(key, text)| format!("{pad}{key}: |\n{}", indented(text, depth + 2))).collect()
}

fn indented(text: &str, depth: usize) -> String {
    let pad = " ".repeat(depth);
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("{pad}{line}\n") }).collect()
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let found = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut folders: Vec<PathBuf> = found.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_script_arrives_as_it_is() {
        let root = Workspace::here().root;
        let map: Value = serde_yaml::from_str(&config_map()).expect("YAML");
        let values: Value = serde_yaml::from_str(&chart_values()).expect("YAML");
        assert_eq!(map["data"], values["configs"]["cm"]);
        for kind in ["TestExecution", "TestGate", "Rollback"] {
            let folder = root.join(SCRIPTS).join(GROUP).join(kind);
            let health = map["data"][format!("resource.customizations.health.{GROUP}_{kind}")].as_str();
            assert_eq!(health, Some(read(&folder.join("health.lua")).as_str()), "{kind}");
            let actions = map["data"][format!("resource.customizations.actions.{GROUP}_{kind}")].as_str();
            let actions: Value = serde_yaml::from_str(actions.expect("actions")).expect("YAML");
            assert_eq!(actions["discovery.lua"], read(&folder.join("actions/discovery.lua")), "{kind}");
            for action in actions["definitions"].as_array().expect("definitions") {
                let script = folder.join("actions").join(action["name"].as_str().expect("a name")).join("action.lua");
                assert_eq!(action["action.lua"], read(&script), "{}", script.display());
            }
        }
    }

    /// A script is given no library but the base one, and in actions the clock.
    #[test]
    fn scripts_use_no_library_that_argo_cd_does_not_give_them() {
        let root = Workspace::here().root;
        for (key, script) in entries(&root) {
            for word in ["string.", "math.", "io.", ":gsub", ":match", ":find", ":lower", ":sub"] {
                assert!(!script.contains(word), "{key} uses {word}");
            }
            assert!(!key.contains(".health.") || !script.contains("require"), "{key} uses a library");
        }
    }
}
