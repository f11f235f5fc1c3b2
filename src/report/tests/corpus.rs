//! Compares our counts with those that other tools, or a plain count of
//! elements, get from a corpus of public reports (`ASSAY_CORPUS`; skipped with
//! a note where there is none).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assay_report::parse::{Format, detect, junit};
use serde_json::Value;

/// Files on which we differ on purpose: end of the path, our counts
/// (tests, passed, failed, errored, skipped), and why.
const DEVIATIONS: &[(&str, [u64; 5], &str)] = &[
    (
        "junit-xml/no-cases-but-tests.xml",
        [6, 3, 1, 0, 2],
        "the source drops totals without cases; to us a stated failure is a failure",
    ),
    (
        "junit-pregenerated-reports/high-level-without-testcases.xml",
        [19, 7, 4, 5, 3],
        "two of three suites state totals (4 failures, 5 errors) and list no cases; a plain count misses them",
    ),
    (
        "junit-report-1472.xml",
        [2654, 2652, 2, 0, 0],
        "one failure stands in a suite outside of any case; the suite's own total counts it, a plain count misses it",
    ),
];

/// Files that are called JUnit but have another root element: end of the path, and why.
const REFUSED: &[(&str, &str)] = &[(
    "Baselines/junit.sw.approved.txt",
    "a template with a placeholder in the name of its root element, <testsuitesloose>",
)];

fn corpus() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("ASSAY_CORPUS").map_or_else(default, PathBuf::from);
    root.join("reports/INDEX.jsonl").is_file().then_some(root)
}

fn index(root: &Path) -> Vec<Value> {
    let lines = fs::read_to_string(root.join("reports/INDEX.jsonl")).expect("the index is readable");
    lines.lines().map(|line| serde_json::from_str(line).expect("a line of the index is JSON")).collect()
}

fn path(entry: &Value) -> &str {
    entry["path"].as_str().expect("every entry has a path")
}

fn refused(path: &str) -> bool {
    REFUSED.iter().any(|(end, _)| path.ends_with(end))
}

fn ours(bytes: &[u8]) -> Result<[u64; 5], String> {
    let counts = junit(bytes).map_err(|error| error.to_string())?.counts();
    Ok([counts.tests, counts.passed, counts.failed, counts.errored, counts.skipped].map(u64::from))
}

/// A member that the source does not state agrees with anything.
fn agrees(expect: &Value, ours: [u64; 5]) -> bool {
    ["tests", "passed", "failed", "errored", "skipped"]
        .iter()
        .zip(ours)
        .all(|(key, ours)| expect[key].as_u64().is_none_or(|want| want == ours))
}

#[test]
fn counts_agree() {
    let Some(root) = corpus() else {
        eprintln!("skipped: no corpus (set ASSAY_CORPUS)");
        return;
    };
    let mut wrong = Vec::new();
    let mut met = BTreeMap::new();
    let (mut agreed, mut without) = (0, 0);
    for entry in index(&root) {
        if entry["format"] != "junit" || entry["role"] != "input" {
            continue;
        }
        let path = path(&entry);
        let got = ours(&fs::read(root.join(path)).expect("a file of the index is readable"));
        let deviation = DEVIATIONS.iter().find(|(end, ..)| path.ends_with(end));
        match (&entry["expect"], got, deviation) {
            (_, Ok(got), Some((end, want, _))) if got == *want => *met.entry(*end).or_insert(0) += 1,
            (_, got, Some((end, want, _))) => wrong.push(format!("{end}: {got:?} instead of the deviation {want:?}")),
            (_, Err(_), None) if refused(path) => without += 1,
            (Value::Null, Ok(_), None) => without += 1,
            (expect, Ok(got), None) if agrees(expect, got) => agreed += 1,
            (expect, got, None) => wrong.push(format!("{path}: {got:?} instead of {expect}")),
        }
    }
    eprintln!("{agreed} agree, {} deviate on purpose, {without} without expectation", met.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(met.len(), DEVIATIONS.len(), "every deviation is met: {met:?}");
}

#[test]
fn formats_are_told_by_content() {
    let Some(root) = corpus() else {
        eprintln!("skipped: no corpus (set ASSAY_CORPUS)");
        return;
    };
    let mut wrong = Vec::new();
    for entry in index(&root) {
        let path = path(&entry);
        if entry["role"] != "input" {
            continue;
        }
        let bytes = fs::read(root.join(path)).expect("a file of the index is readable");
        let head = &bytes[..bytes.len().min(4096)];
        let is_junit = detect(head) == Some(Format::Junit);
        if is_junit != (entry["format"] == "junit" && !refused(path)) {
            wrong.push(format!("{path} is {} but detected as {:?}", entry["format"], detect(head)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every file of the corpus, of whatever format, cut off anywhere.
#[test]
fn no_file_however_cut_makes_us_panic() {
    let Some(root) = corpus() else {
        eprintln!("skipped: no corpus (set ASSAY_CORPUS)");
        return;
    };
    for entry in index(&root) {
        let bytes = fs::read(root.join(path(&entry))).expect("a file of the index is readable");
        let step = (bytes.len() / 8).max(1);
        for end in (0..bytes.len().min(200_000)).step_by(step) {
            let _ = junit(&bytes[..end]);
        }
    }
}
