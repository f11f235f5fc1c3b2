//! Compares our counts with those that other tools, or a plain count of
//! elements, get from a corpus of public reports (`ASSAY_CORPUS`; skipped with
//! a note where there is none).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assay_report::parse::{self, Format, HEAD, ParseError, detect_named};
use assay_report::{Limits, TestReport};
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
    (
        "test/fixtures/basic.tap",
        [6, 3, 2, 1, 0],
        "six tests were planned and five ran; the source counts those that ran",
    ),
    (
        "trx/yami_YAMILEX_2015-10-24_04_18_59.trx",
        [25, 2, 2, 1, 20],
        "one test was aborted, which the source counts as skipped; to us it broke",
    ),
    (
        "types/nunit/testcase15/input.xml",
        [30, 24, 0, 0, 6],
        "six tests are stated as skipped, which the source passes because they give no reason",
    ),
    (
        "types/nunit/testcase8/input.xml",
        [28, 18, 1, 4, 5],
        "an inconclusive test, which the source passes; to us it said nothing",
    ),
    (
        "types/nunit3/testcase3/input.xml",
        [18, 12, 2, 0, 4],
        "an inconclusive test, which the source counts as an error in this version; to us it said nothing",
    ),
    (
        "jenkins/NUnit-correct.xml",
        [28, 18, 1, 4, 5],
        "three tests that cannot be run as they are written; another source counts them as errors, this one as skipped",
    ),
    (
        "109-bench.gojson.txt",
        [2, 2, 0, 0, 0],
        "the source reads the output of benchmarks, which are measured and not tested",
    ),
];

/// Files of a format in which there is nothing of it: end of the path, and why.
const REFUSED: &[(&str, &str)] = &[
    (
        "Baselines/junit.sw.approved.txt",
        "a template with a placeholder in the name of its root element, <testsuitesloose>",
    ),
    ("102-broken.gojson.txt", "the compiler's output as plain text: there is no event in it"),
    ("test/fixtures/out_err_mix.tap", "two words"),
];

/// Files whose format their content does not tell: end of the path, and why.
const UNTOLD: &[(&str, &str)] = &[
    ("Baselines/tap.sw.approved.txt", "TAP without a version, its plan far away at the end, and not called .tap"),
    ("__fixtures__/report-invalid.json", "no keys of Playwright's; its source refuses it too"),
    ("test/fixtures/die.tap", "empty"),
    ("test/fixtures/empty.tap", "empty"),
    ("allure2/fixtures-sort-result.json", "three keys that anything may have"),
    ("jenkins/NUnit-issue47367.xml", "a suite without the run around it"),
];

/// Runs that their sources judge otherwise: end of the path, and why.
const JUDGED: &[(&str, &str)] = &[
    ("nested-failure-top-ok.tap", "a subtest is told by its own test point, which is ok"),
    ("nested-failure-top-ok-diag.tap", "the same"),
    ("nested-failure-top-ok-no-msg.tap", "the same"),
    ("plan-invalid-strict.tap", "a line that is no TAP is noise, also where the test asks to be strict"),
    ("pragma-mid-child-strict.tap", "the same"),
    ("fixtures/strict.tap", "the same"),
    ("version_old-strict.tap", "the same"),
    ("out_of_order.tap", "a plan in the middle is a plan"),
    ("space_after_plan.tap", "a plan with a blank after it is a plan"),
    ("todo_misparse.tap", "TODORNOTTODO is not TODO"),
    ("fixtures/die.tap", "nothing at all is no success"),
    ("fixtures/empty.tap", "the same"),
    ("out_err_mix.tap", "the same"),
];

/// What the index calls the formats that we read.
fn format(entry: &Value) -> Option<Format> {
    Some(match entry["format"].as_str()? {
        "junit" => Format::Junit,
        "gotest-json" => Format::GoTest,
        "tap" => Format::Tap,
        "trx" => Format::Trx,
        "playwright-json" => Format::Playwright,
        "ctrf" => Format::Ctrf,
        "xunit2" => Format::Xunit,
        "nunit2" | "nunit3" => Format::Nunit,
        "cucumber-ndjson" => Format::Cucumber,
        "robot" => Format::Robot,
        "mocha-json" => Format::Mocha,
        "allure" => Format::Allure,
        _ => return None,
    })
}

fn corpus() -> Option<PathBuf> {
    let default = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    let root = std::env::var_os("ASSAY_CORPUS").map_or_else(default, PathBuf::from);
    let found = root.join("reports/INDEX.jsonl").is_file().then_some(root);
    if found.is_none() {
        eprintln!("skipped: no corpus (set ASSAY_CORPUS)");
    }
    found
}

/// The reports of the corpus.
fn index(root: &Path) -> Vec<Value> {
    let lines = fs::read_to_string(root.join("reports/INDEX.jsonl")).expect("the index is readable");
    let entries = lines.lines().map(|line| serde_json::from_str(line).expect("a line of the index is JSON"));
    entries.filter(|entry: &Value| entry["role"] == "input").collect()
}

fn path(entry: &Value) -> &str {
    entry["path"].as_str().expect("every entry has a path")
}

fn bytes(root: &Path, entry: &Value) -> Vec<u8> {
    fs::read(root.join(path(entry))).expect("a file of the index is readable")
}

fn refused(path: &str) -> bool {
    REFUSED.iter().any(|(end, _)| path.ends_with(end))
}

/// A file without any test may be empty.
fn ours(format: Format, bytes: &[u8]) -> Result<[u64; 5], String> {
    let report = match parse::read(format, bytes, &Limits::default()) {
        Err(ParseError::Empty) => TestReport::default(),
        read => read.map_err(|error| error.to_string())?,
    };
    let counts = report.counts();
    Ok([counts.tests, counts.passed, counts.failed, counts.errored, counts.skipped].map(u64::from))
}

/// A member that the source does not state agrees with anything; where it
/// does not tell errors from failures, those are counted together.
fn agrees(expect: &Value, ours: [u64; 5]) -> bool {
    let [tests, passed, mut failed, errored, skipped] = ours;
    if expect["errored"].is_null() {
        failed += errored;
    }
    ["tests", "passed", "failed", "errored", "skipped"]
        .iter()
        .zip([tests, passed, failed, errored, skipped])
        .all(|(key, ours)| expect[key].as_u64().is_none_or(|want| want == ours))
}

/// Of one format: expectations met, deviations on purpose, files without expectation.
#[derive(Default)]
struct Row {
    agree: usize,
    deviate: usize,
    without: usize,
}

#[test]
fn counts_agree_in_the_corpus() {
    let Some(root) = corpus() else { return };
    let mut wrong = Vec::new();
    let mut met = BTreeMap::new();
    let mut table: BTreeMap<&str, Row> = BTreeMap::new();
    let entries = index(&root);
    for entry in &entries {
        let Some(format) = format(entry) else { continue };
        let path = path(entry);
        let row = table.entry(entry["format"].as_str().expect("a name")).or_default();
        let got = ours(format, &bytes(&root, entry));
        let deviation = DEVIATIONS.iter().find(|(end, ..)| path.ends_with(end));
        match (&entry["expect"], got, deviation) {
            (expect, Ok(got), Some((end, want, _))) if got == *want && !(expect.is_object() && agrees(expect, got)) => {
                row.deviate += 1;
                *met.entry(*end).or_insert(0) += 1;
            }
            (_, got, Some((end, want, _))) => wrong.push(format!("{end}: {got:?} instead of the deviation {want:?}")),
            (_, Err(_), None) if refused(path) => row.deviate += 1,
            (Value::Null, _, None) => row.without += 1,
            (expect, Ok(got), None) if agrees(expect, got) => row.agree += 1,
            (expect, got, None) => wrong.push(format!("{path}: {got:?} instead of {expect}")),
        }
    }
    eprintln!("{:<16} {:>6} {:>8} {:>8}", "format", "agree", "deviate", "without");
    for (format, Row { agree, deviate, without }) in &table {
        eprintln!("{format:<16} {agree:>6} {deviate:>8} {without:>8}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(met.len(), DEVIATIONS.len(), "every deviation is met: {met:?}");
}

#[test]
fn formats_of_the_corpus_are_told_by_content() {
    let Some(root) = corpus() else { return };
    let mut wrong = Vec::new();
    for entry in index(&root) {
        let path = path(&entry);
        let bytes = bytes(&root, &entry);
        let found = detect_named(&bytes[..bytes.len().min(HEAD)], path);
        let untold = UNTOLD.iter().any(|(end, _)| path.ends_with(end));
        let want = format(&entry).filter(|_| !refused(path) && !untold);
        // Many files of Allure are no results, or only parts of one.
        let part = want == Some(Format::Allure) && found.is_none() && !path.ends_with("-result.json");
        if found != want && !part {
            wrong.push(format!("{path} is {} but detected as {found:?}", entry["format"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a source says whether the run as a whole was a success, so do we.
#[test]
fn verdicts_agree_in_the_corpus() {
    let Some(root) = corpus() else { return };
    let (mut wrong, mut agreed) = (Vec::new(), 0);
    for entry in index(&root) {
        let says = &entry["oracle_final"];
        let Some(success) = says["ok"].as_bool().or_else(|| says["run_success"].as_bool()) else { continue };
        let (Some(format), path) = (format(&entry), path(&entry)) else { continue };
        let report = parse::read(format, bytes(&root, &entry).as_slice(), &Limits::default());
        let clean = report.as_ref().is_ok_and(|report| report.counts().ran_clean());
        let otherwise = JUDGED.iter().any(|(end, _)| path.ends_with(end));
        if (clean == success) == otherwise {
            wrong.push(format!("{path}: {clean}, not {success}"));
        } else {
            agreed += usize::from(!otherwise);
        }
    }
    eprintln!("{agreed} runs are judged as their sources judge them, {} otherwise on purpose", JUDGED.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Playwright's numbers, where its source's own tests state them: it counts flaky ones apart.
#[test]
fn flaky_tests_agree_in_the_corpus() {
    let Some(root) = corpus() else { return };
    let mut compared = 0;
    for entry in index(&root).iter().filter(|entry| format(entry) == Some(Format::Playwright)) {
        let says = &entry["source_asserts"];
        let Some(tests) = says["tests"].as_u64() else { continue };
        let report = parse::read(Format::Playwright, bytes(&root, entry).as_slice(), &Limits::default());
        let counts = report.expect("readable").counts();
        let apart = counts.passed - counts.flaky;
        let ours = [counts.tests, apart, counts.failed, counts.flaky, counts.skipped].map(u64::from);
        let want = ["passed", "failed", "flaky", "skipped"].map(|key| says[key].as_u64().expect("a number"));
        assert_eq!(ours, [tests, want[0], want[1], want[2], want[3]], "{}", path(entry));
        compared += 1;
    }
    assert_eq!(compared, 2);
}

/// Every file of the corpus, read as every format, cut off anywhere.
#[test]
fn no_file_of_the_corpus_however_cut_makes_us_panic() {
    let Some(root) = corpus() else { return };
    for entry in index(&root) {
        let bytes = bytes(&root, &entry);
        let own = format(&entry);
        let step = (bytes.len() / 8).max(1);
        for end in (0..bytes.len().min(200_000)).step_by(step) {
            for format in Format::ALL {
                // What is far from its format ends at once; that needs no more than a few files.
                if own == Some(format) || end < 2 * step {
                    let _ = parse::read(format, &bytes[..end], &Limits::default());
                }
            }
        }
    }
}
