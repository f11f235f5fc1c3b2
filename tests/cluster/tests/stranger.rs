//! The way of somebody who has read README.md and nothing else: `kubectl`,
//! `kubectl assay`, and the first example.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use assay_cluster_tests::{Namespace, Output, Place, PodSecurity, wait_for};

const EXAMPLE: &str = "examples/first/workflow.yaml";

/// `kubectl assay ...` in a namespace.
fn assay(namespace: &Namespace, arguments: &[&str]) -> Output {
    let words = [&["assay", "-n", namespace.name()], arguments].concat();
    namespace.place().kubectl().answer(&words).expect("kubectl assay")
}

fn contains(output: &Output, code: i32, parts: &[&str]) {
    assert_eq!(output.code, code, "{output:?}");
    for part in parts {
        assert!(output.stdout.contains(part), "`{part}` is not in\n{}\n{}", output.stdout, output.stderr);
    }
}

#[test]
fn the_readme_can_be_followed_word_by_word() {
    let namespace = Namespace::create(Place::shared(), "stranger", PodSecurity::Open).expect("a namespace");
    let made = namespace.kubectl(&["apply", "-f", EXAMPLE]).expect("kubectl apply");
    assert_eq!(made.trim(), "testworkflow.assay.dev/first created");

    let run = assay(&namespace, &["run", "first", "--name", "first-1", "--follow"]);
    let both = Output { stdout: run.stdout.clone() + &run.stderr, ..run };
    contains(
        &both,
        1,
        &[
            "step \"Prepare fixtures\"",
            "wrote 41 lines",
            "3 failed, 37 passed",
            "step \"pytest\" failed",
            "prices that are wrong: 3",
            "first-1: failed (TestsFailed)",
            "37/40",
            "test_gross_is_net_plus_tax[item-7]",
        ],
    );

    let table = namespace.kubectl(&["get", "tex"]).expect("kubectl get");
    let row: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row[..5], ["first-1", "first", "Finished", "failed", "37/40"], "{table}");
    let explained = namespace.place().kubectl().run(&["explain", "tex.spec"]).expect("kubectl explain");
    assert!(explained.contains("workflowRef") && explained.contains("cancel"), "{explained}");

    contains(&assay(&namespace, &["get"]), 0, &["NAME", "WORKFLOW", "VERDICT", "first-1", "37/40"]);
    contains(
        &assay(&namespace, &["describe", "first-1"]),
        0,
        &["first-1", "TestsFailed", "item-7", "Prepare fixtures"],
    );
    contains(&assay(&namespace, &["logs", "first-1"]), 0, &["37 passed"]);
    let files = ["fixtures/prices.csv", "reports/report.xml", "reports/summary.txt"];
    contains(&assay(&namespace, &["artifacts", "ls", "first-1"]), 0, &files);
    contains(&assay(&namespace, &["report", "first-1"]), 0, &["37", "test_gross_is_net_plus_tax[item-7]"]);
    contains(&assay(&namespace, &["report", "first-1", "-o", "junit"]), 0, &["<testsuites", "tests=\"40\"", "item-7"]);
    contains(&assay(&namespace, &["report", "first-1", "-o", "github"]), 0, &["::error", "item-7"]);

    let folder = std::env::temp_dir().join(format!("assay-stranger-{}", std::process::id()));
    let fetched = assay(&namespace, &["artifacts", "get", "first-1", "reports", "-d", &folder.to_string_lossy()]);
    let summary = fs::read_to_string(folder.join("reports/summary.txt"));
    let parsed =
        assay(&namespace, &["report", "parse", &folder.join("reports/report.xml").to_string_lossy(), "-o", "json"]);
    fs::remove_dir_all(&folder).ok();
    contains(&fetched, 0, &[]);
    assert!(summary.expect("it was fetched").contains('3'));
    contains(&parsed, 0, &["item-7"]);

    let again = assay(&namespace, &["rerun", "first-1", "--name", "first-2", "--wait"]);
    assert_eq!(again.code, 1, "{again:?}");
    contains(&assay(&namespace, &["get", "first-2", "-o", "json"]), 0, &["assay.dev/rerun-of", "\"first-1\""]);
    contains(&assay(&namespace, &["get", "-o", "name"]), 0, &["first-1", "first-2"]);
}

#[test]
fn what_needs_no_cluster_is_said_of_the_same_file() {
    let place = Place::shared();
    let kubectl = |arguments: &[&str]| place.kubectl().answer(arguments).expect("kubectl assay");
    let sound = kubectl(&["assay", "validate", EXAMPLE]);
    assert_eq!(sound.code, 0, "{sound:?}");
    contains(&kubectl(&["assay", "explain", "-f", EXAMPLE]), 0, &["Prepare fixtures", "pytest", "Sum up"]);
    contains(&kubectl(&["assay", "render", EXAMPLE]), 0, &["kind: Job", "kind: ConfigMap", "assay-runner"]);
    contains(&kubectl(&["assay", "completion", "bash"]), 0, &["complete"]);
    contains(&kubectl(&["assay", "version"]), 0, &["0."]);
    let misspelt = kubectl(&["assay", "validate", "examples/errors/misspelt-field.yaml"]);
    assert!(misspelt.code != 0 && misspelt.stdout.contains("examples/errors/misspelt-field.yaml:"), "{misspelt:?}");
}

#[test]
fn the_doctor_finds_a_sound_installation() {
    // The suite before may have put the installation back a moment ago.
    let sound = || Some(Place::shared().kubectl().answer(&["assay", "doctor"]).ok()?).filter(|output| output.code == 0);
    let output = wait_for(Duration::from_secs(60), sound);
    let output =
        output.unwrap_or_else(|| Place::shared().kubectl().answer(&["assay", "doctor"]).expect("kubectl assay doctor"));
    contains(&output, 0, &["cluster", "webhook"]);
    assert!(!output.stdout.contains("FAIL"), "{}", output.stdout);
}

#[test]
fn every_command_of_the_readme_is_there() {
    let place = Place::shared();
    let readme = fs::read_to_string(place.root().join("README.md")).expect("README.md");
    let rows = readme.lines().filter(|line| line.starts_with("| `assay "));
    let commands: BTreeSet<String> = rows
        .flat_map(|row| row.trim_start_matches("| ").split(" | ").next().unwrap_or_default().split(", "))
        .filter_map(|typed| {
            let words = typed.trim_matches('`').trim_start_matches("assay ").split_whitespace();
            let words: Vec<&str> = words.take_while(|word| word.chars().all(|c| c.is_ascii_lowercase())).collect();
            (!words.is_empty()).then(|| words.join(" "))
        })
        .collect();
    assert!(commands.len() >= 15, "{commands:?}");
    for command in &commands {
        let words: Vec<&str> = command.split(' ').chain(["--help"]).collect();
        let output = place.assay().answer(&words).expect("assay");
        assert!(output.code == 0 && output.stdout.contains("Usage"), "assay {command}: {output:?}");
    }
}
