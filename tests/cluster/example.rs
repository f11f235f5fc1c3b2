//! The examples as test data: each folder under `examples/` has an
//! `expect.yaml` that says what a user will see.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// One way to run an example.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// What the case is called.
    pub name: String,
    /// Files to apply, relative to the example's folder.
    #[serde(default)]
    pub apply: Vec<String>,
    /// Workflow to run.
    #[serde(default)]
    pub workflow: Option<String>,
    /// Execution that the files themselves make, instead of a workflow to run.
    #[serde(default)]
    pub execution: Option<String>,
    /// Values to run it with, as `name=value`.
    #[serde(default)]
    pub config: BTreeMap<String, String>,
    /// Secrets for sensitive parameters, as `secret/key`.
    #[serde(default)]
    pub secret_config: BTreeMap<String, String>,
    /// Whether the namespace enforces Pod Security `restricted`.
    #[serde(default)]
    pub restricted: bool,
    /// Handles of steps before which it holds, in order; each is resumed.
    #[serde(default)]
    pub resume: Vec<String>,
    /// What is to be seen.
    pub expect: Expectation,
    /// The folder it stands in.
    #[serde(skip)]
    pub folder: PathBuf,
}

/// What is to be seen.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expectation {
    /// Texts with which the cluster refuses the files; nothing is run then.
    #[serde(default)]
    pub apply_error: Vec<String>,
    /// The verdict.
    #[serde(default)]
    pub verdict: String,
    /// The reason.
    #[serde(default)]
    pub reason: String,
    /// Counts, when there is a report.
    #[serde(default)]
    pub tests: Option<ExpectedTests>,
    /// Names of artifacts.
    #[serde(default)]
    pub artifacts: Vec<String>,
    /// Exit code of `assay run --wait`.
    #[serde(default)]
    pub exit_code: i32,
    /// Texts that the log must have.
    #[serde(default)]
    pub log_contains: Vec<String>,
    /// Texts that the log must not have.
    #[serde(default)]
    pub log_lacks: Vec<String>,
    /// Texts that the message must have.
    #[serde(default)]
    pub message_contains: Vec<String>,
}

/// Expected counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ExpectedTests {
    /// All tests.
    pub total: i64,
    /// Passed.
    pub passed: i64,
    /// Failed or errored.
    pub failed: i64,
    /// Skipped.
    pub skipped: i64,
    /// Passed after a retry.
    pub flaky: i64,
}

/// Every case of every example, in the order of the folders.
///
/// # Panics
/// When an `expect.yaml` is not what it should be; the message names it.
pub fn cases(root: &Path) -> Vec<Case> {
    let mut folders: Vec<PathBuf> = fs::read_dir(root.join("examples"))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    folders.sort();
    folders.iter().flat_map(|folder| read(folder)).collect()
}

fn read(folder: &Path) -> Vec<Case> {
    let file = folder.join("expect.yaml");
    let Ok(text) = fs::read_to_string(&file) else { return Vec::new() };
    let mut cases: Vec<Case> =
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    for case in &mut cases {
        case.folder = folder.to_path_buf();
    }
    cases
}
