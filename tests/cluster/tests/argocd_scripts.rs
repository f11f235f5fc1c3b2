//! What Argo CD itself makes of our scripts: every case of `health_test.yaml` and
//! `action_test.yaml`, judged by its own program from the ConfigMap that the chart carries.

use std::fs;
use std::path::{Path, PathBuf};

use assay_cluster_tests::{Place, Tool};
use serde_json::Value;

const CUSTOMIZATIONS: &str = "charts/assay/argocd/resource_customizations/assay.dev";
const CONFIG_MAP: &str = "charts/assay/argocd/argocd-cm.yaml";
/// Prints the second of the two files that it is given to compare.
const SHOW_CHANGED: &str = "sh -c 'cat \"$2\"' show";
/// What the upstream tests, and ours, take for the time of any run.
const ANY_TIME: &str = "0001-01-01T00:00:00Z";

fn argocd() -> Tool {
    Place::shared().tool("argocd").env("KUBECTL_EXTERNAL_DIFF", SHOW_CHANGED)
}

fn ask(command: &str, file: &Path, more: &[&str]) -> String {
    let file = file.to_string_lossy().into_owned();
    let mut arguments = vec!["admin", "settings", "resource-overrides", command, &file];
    arguments.extend(more);
    arguments.extend(["--argocd-cm-path", CONFIG_MAP]);
    argocd().run(&arguments).unwrap_or_else(|error| panic!("{error}\nis Argo CD built? `make up WITH=argocd`"))
}

fn yaml(file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The folder of each kind.
fn kinds() -> Vec<PathBuf> {
    let folder = Place::shared().root().join(CUSTOMIZATIONS);
    let found: Vec<PathBuf> = ["TestExecution", "TestGate", "Rollback"].iter().map(|kind| folder.join(kind)).collect();
    assert!(found.iter().all(|kind| kind.is_dir()), "{found:?}");
    found
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    let items = value[field].as_array().filter(|items| !items.is_empty());
    items.unwrap_or_else(|| panic!("no {field}: {value:#}")).iter()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no {field}: {value:#}"))
}

#[test]
fn health_is_what_the_table_says() {
    for kind in kinds() {
        for test in list(&yaml(&kind.join("health_test.yaml")), "tests") {
            let file = kind.join(text(test, "inputPath"));
            let health = &test["healthStatus"];
            let expected = format!("STATUS: {}\nMESSAGE: {}\n", text(health, "status"), text(health, "message"));
            assert_eq!(ask("health", &file, &[]), expected, "{}", file.display());
        }
    }
}

#[test]
fn every_object_has_a_case() {
    for kind in kinds() {
        let tests = yaml(&kind.join("health_test.yaml"));
        let known: Vec<&str> = list(&tests, "tests").map(|test| text(test, "inputPath")).collect();
        for entry in fs::read_dir(kind.join("testdata")).expect("a folder") {
            let name = format!("testdata/{}", entry.expect("an entry").file_name().to_string_lossy());
            assert!(known.contains(&name.as_str()), "{} has no case for {name}", kind.display());
        }
    }
}

#[test]
fn actions_are_offered_when_they_make_sense() {
    for kind in kinds() {
        let actions = kind.join("actions");
        for test in list(&yaml(&actions.join("action_test.yaml")), "discoveryTests") {
            let file = actions.join(text(test, "inputPath"));
            let said = ask("list-actions", &file, &[]);
            let mut offered: Vec<Vec<&str>> =
                said.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
            offered.sort();
            let mut expected: Vec<Vec<&str>> = list(test, "result")
                .map(|action| vec![text(action, "name"), if action["disabled"] == true { "true" } else { "false" }])
                .collect();
            expected.sort();
            assert_eq!(offered, expected, "{}", file.display());
        }
    }
}

#[test]
fn actions_do_what_they_say_and_nothing_else() {
    for kind in kinds() {
        let actions = kind.join("actions");
        for test in list(&yaml(&actions.join("action_test.yaml")), "actionTests") {
            let (file, action) = (actions.join(text(test, "inputPath")), text(test, "action"));
            let said = ask("run-action", &file, &[action]);
            let expected = yaml(&actions.join(text(test, "expectedOutputPath")));
            let (head, object) = said.split_once(":\n").unwrap_or_else(|| panic!("{said}"));
            let mut object: Value = serde_yaml::from_str(object).unwrap_or_else(|error| panic!("{error}\n{said}"));
            if let Some(time) = object.pointer_mut("/metadata/annotations/assay.dev~1rerun") {
                *time = Value::from(ANY_TIME);
            }
            // What is made stands in a list, what is changed alone.
            let made = expected.as_array().and_then(|objects| objects.first());
            assert_eq!(head.contains("was created"), made.is_some(), "{said}");
            assert_eq!(&object, made.unwrap_or(&expected), "{action} of {}", file.display());
        }
    }
}
