//! Reports made to hurt their reader, for every format beside JUnit.

mod endless;

use std::io::BufRead;
use std::time::{Duration, Instant};

use assay_report::parse::{self, Format, detect_named};
use assay_report::{Limits, TestReport, render};
use endless::endless;
use proptest::prelude::*;

use Format as F;

/// Far more than a bounded reader needs and far less than one without bounds would take.
const MEMORY_KIB: u64 = 64 * 1024;

fn read(format: Format, reader: impl BufRead) -> TestReport {
    parse::read(format, reader, &Limits::default()).unwrap_or_else(|error| panic!("{format}: {error}"))
}

/// No text is longer than the model says, and the counts add up.
fn check(report: &TestReport, what: &str) {
    for case in report.cases() {
        assert!(case.name.len() <= 1024 && !case.name.is_empty(), "{what}");
        assert!(case.message.as_ref().is_none_or(|text| text.len() <= 1024), "{what}");
        assert!(case.details.as_ref().is_none_or(|text| text.len() <= 8192), "{what}");
        assert!(case.seconds.is_none_or(|seconds| seconds.is_finite() && seconds >= 0.0), "{what}");
    }
    let counts = report.counts();
    let sum = counts.passed + counts.failed + counts.errored + counts.skipped;
    assert!(counts.tests == sum && counts.flaky <= counts.passed, "{what}: {counts:?}");
    assert!(report.cases().count() <= 52_000, "{what}");
}

/// The most memory that this process ever had, where the system tells.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
}

const TRX: &str = "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'>";

/// Beginning, what is repeated, how often, end, and the tests to be found at least.
type Row = (&'static str, Format, &'static str, &'static str, usize, &'static str, u32);

const STREAMS: &[Row] = &[
    (
        "a line",
        F::GoTest,
        "{\"Action\":\"pass\",\"Test\":\"a\"}\n{\"Action\":\"output\",\"Output\":\"",
        "x",
        67_108_864,
        "\"}\n",
        1,
    ),
    ("noise", F::GoTest, "{\"Action\":\"pass\",\"Test\":\"a\"}\n", "\"Action\" {\n", 60_000, "", 1),
    (
        "one test",
        F::GoTest,
        "",
        "{\"Action\":\"run\",\"Test\":\"a\"}\n",
        100_000,
        "{\"Action\":\"fail\",\"Test\":\"a\"}\n",
        1,
    ),
    (
        "output",
        F::GoTest,
        "{\"Action\":\"run\",\"Test\":\"a\"}\n",
        "{\"Action\":\"output\",\"Test\":\"a\",\"Output\":\"0123456789012345678901234567890123456789\"}\n",
        60_000,
        "{\"Action\":\"fail\",\"Test\":\"a\"}\n",
        1,
    ),
    (
        "failures",
        F::GoTest,
        "",
        "{\"Action\":\"fail\",\"Test\":\"a\",\"Elapsed\":1e999}\n{\"Action\":\"fail\"}\n",
        60_000,
        "",
        1,
    ),
    ("a line", F::Tap, "1..1\nok 1 ", "x", 67_108_864, "\n", 1),
    ("points", F::Tap, "1..99999999999999999999\n", "not ok 99999999999999999999 a\n", 100_000, "", 100_000),
    ("blocks", F::Tap, "1..1\nnot ok 1\n  ---\n", "  message: a\n  line: 99999999999\n", 60_000, "  ...\n", 1),
    ("subtests", F::Tap, "1..1\n", "                not ok 1 - a\n", 60_000, "not ok 1\n", 1),
    ("ends", F::Tap, "1..1\nok 1\n", "Bail out! now\n", 60_000, "", 2),
    ("hashes", F::Tap, "1..1\nnot ok 1 ", "\\# # ", 60_000, "\n", 1),
    ("text", F::Trx, TRX, "x", 67_108_864, "<UnitTestResult testName='a'/></TestRun>", 1),
    (
        "results",
        F::Trx,
        TRX,
        "<UnitTestResult testId='1' testName='a' outcome='Failed'/>",
        60_000,
        "</TestRun>",
        60_000,
    ),
    (
        "definitions",
        F::Trx,
        TRX,
        "<UnitTestResult testId='1' testName='a'/><UnitTest id='2'><TestMethod className='c'/></UnitTest>",
        60_000,
        "</TestRun>",
        60_000,
    ),
    ("nesting", F::Trx, TRX, "<UnitTestResult testName='a' outcome='Failed'><InnerResults>", 60_000, "", 0),
    (
        "children",
        F::Trx,
        "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><UnitTestResult testName='a'>",
        "<a b='c'>d</a>",
        60_000,
        "</UnitTestResult></TestRun>",
        1,
    ),
    ("attributes", F::Xunit, "<assembly><test name='a' ", "b='c' ", 60_000, "/></assembly>", 1),
    (
        "tests",
        F::Xunit,
        "<assembly>",
        "<collection name='a'><test name='b' time='1e999'/></collection>",
        60_000,
        "</assembly>",
        60_000,
    ),
    (
        "suites",
        F::Nunit,
        "<test-run><test-case name='a'/>",
        "<test-suite name='a' result='Failed' site='TearDown'>",
        60_000,
        "",
        1,
    ),
    (
        "flat suites",
        F::Nunit,
        "<test-run>",
        "<test-suite name='a' result='Failed' site='TearDown'/>",
        60_000,
        "</test-run>",
        60_000,
    ),
    ("suites", F::Robot, "<robot>", "<suite name='0123456789012345678901234567890123456789'>", 60_000, "", 0),
    (
        "teardowns",
        F::Robot,
        "<robot><suite name='a'><test name='b'/>",
        "<kw type='teardown'><status status='FAIL'/></kw>",
        60_000,
        "</suite></robot>",
        1,
    ),
    (
        "keywords",
        F::Robot,
        "<robot><suite name='a'><test name='b'>",
        "<kw><msg>text</msg></kw>",
        60_000,
        "<status status='PASS'/></test></suite></robot>",
        1,
    ),
    ("a string", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\",\"message\":\"", "x", 67_108_864, "\"}]}}", 1),
    (
        "tests",
        F::Ctrf,
        "{\"results\":{\"tests\":[",
        "{\"name\":\"a\",\"status\":\"failed\",\"duration\":1e999},",
        100_000,
        "]}}",
        100_000,
    ),
    ("no tests", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\"},", "1,", 1_000_000, "]}}", 1),
    ("members", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\",", "\"b\":1,", 300_000, "\"c\":2}]}}", 1),
    ("nesting", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\"}],\"b\":", "[", 10_000_000, "", 1),
    ("depth in a test", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\"},{\"b\":", "{\"c\":", 300_000, "", 1),
    ("digits", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\",\"line\":", "9", 10_000_000, "}]}}", 1),
    ("escapes", F::Ctrf, "{\"results\":{\"tests\":[{\"name\":\"a\",\"message\":\"", "\\ud83c", 300_000, "\"}]}}", 1),
    (
        "suites",
        F::Playwright,
        "{\"suites\":[",
        "{\"title\":\"0123456789012345678901234567890123456789\",\"suites\":[",
        90_000,
        "",
        0,
    ),
    (
        "specs",
        F::Playwright,
        "{\"suites\":[{\"title\":\"a\",\"specs\":[",
        "{\"tests\":[{}]},",
        100_000,
        "]}]}",
        100_000,
    ),
    (
        "attachments",
        F::Playwright,
        "{\"suites\":[{\"specs\":[{\"tests\":[{\"results\":[{\"attachments\":[",
        "{\"body\":\"AAAA\"},",
        60_000,
        "],\"status\":\"passed\"}]}]}]}]}",
        1,
    ),
    ("thresholds", F::K6, "{\"metrics\":{\"a\":{\"thresholds\":{", "\"b\":true,", 300_000, "\"c\":true}}}}", 1000),
    (
        "groups",
        F::K6,
        "{\"root_group\":{\"checks\":[{\"name\":\"a\"}],\"groups\":",
        "{\"b\":{\"groups\":",
        60_000,
        "",
        1,
    ),
    ("passes", F::Mocha, "{\"passes\":[", "{\"title\":\"a\"},", 100_000, "]}", 100_000),
    ("steps", F::Allure, "{\"name\":\"a\",\"steps\":[", "{\"name\":\"b\"},", 60_000, "]}", 1),
    ("labels", F::Allure, "{\"name\":\"a\",\"labels\":[", "{\"name\":\"b\"},", 60_000, "]}", 1),
    (
        "a line",
        F::Cucumber,
        "{\"meta\":{}}\n{\"source\":{\"data\":\"",
        "x",
        67_108_864,
        "\"}}\n{\"parseError\":{}}\n",
        1,
    ),
    ("tries", F::Cucumber, "", "{\"testCaseStarted\":{\"id\":\"a\"}}\n", 100_000, "", 1),
    (
        "features",
        F::Cucumber,
        "{\"parseError\":{}}\n",
        "{\"gherkinDocument\":{\"uri\":\"a\",\"feature\":{\"name\":\"b\"}}}\n",
        100_000,
        "",
        1,
    ),
];

#[test]
fn size_does_not_matter_to_any_format() {
    for (what, format, before, middle, times, after, least) in STREAMS {
        let start = Instant::now();
        let report = read(*format, endless(before, middle, *times, after));
        let what = format!("{format}: {what}");
        check(&report, &what);
        assert!(report.counts().tests >= *least, "{what}: {:?}", report.counts());
        assert!(start.elapsed() < Duration::from_secs(60), "{what}: {:?}", start.elapsed());
        eprintln!("{what}: {:?}, {:?} KiB", start.elapsed(), peak_kib());
    }
    assert!(peak_kib().is_none_or(|peak| peak < MEMORY_KIB), "{:?}", peak_kib());
    // After the measurement, since these are made in memory.
    names_do_not_matter();
}

/// Names that are all different, which is where maps grow.
fn names_do_not_matter() {
    let long = "n".repeat(1100);
    let numbered = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    for (what, format, text) in [
        (
            "running",
            F::GoTest,
            numbered(11_000, &|i| format!("{{\"Action\":\"run\",\"Package\":\"{i}{long}\",\"Test\":\"{i}{long}\"}}\n")),
        ),
        (
            "builds",
            F::GoTest,
            numbered(11_000, &|i| {
                format!("{{\"Action\":\"build-output\",\"ImportPath\":\"{i}\",\"Output\":\"{long}\"}}\n")
            }),
        ),
        (
            "failures",
            F::GoTest,
            numbered(60_000, &|i| format!("{{\"Action\":\"fail\",\"Package\":\"{i}\",\"Test\":\"{i}\"}}\n")),
        ),
        ("points", F::Tap, "1..9\n".to_owned() + &numbered(101_000, &|i| format!("ok {i} - n{i}\n"))),
        (
            "pickles",
            F::Cucumber,
            numbered(11_000, &|i| {
                format!("{{\"pickle\":{{\"id\":\"{i}\",\"name\":\"{long}\",\"uri\":\"{long}\"}}}}\n")
            }),
        ),
        ("tries", F::Cucumber, numbered(11_000, &|i| format!("{{\"testCaseStarted\":{{\"id\":\"{i}\"}}}}\n"))),
        (
            "suites",
            F::Ctrf,
            "{\"results\":{\"tests\":[".to_owned()
                + &numbered(11_000, &|i| format!("{{\"name\":\"a\",\"suite\":\"{i}\"}},")),
        ),
        (
            "suites",
            F::Robot,
            "<robot>".to_owned()
                + &numbered(11_000, &|i| {
                    format!(
                        "<suite name='{i}'><test name='a'/><kw type='teardown'><status status='FAIL'/></kw></suite>"
                    )
                }),
        ),
        ("elements", F::Xunit, format!("<assembly>{}", format!("<{long}>").repeat(2000))),
    ] {
        let start = Instant::now();
        let report = read(format, text.as_bytes());
        check(&report, &format!("{format}: {what}"));
        assert!(report.suites.len() <= 10_001, "{format}: {what}");
        eprintln!("names, {format}: {what}: {:?}, {:?} KiB", start.elapsed(), peak_kib());
        assert!(start.elapsed() < Duration::from_secs(60), "{format}: {what}: {:?}", start.elapsed());
    }
}

#[test]
fn entities_of_no_format_are_expanded() {
    let bomb = "<!DOCTYPE a [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>";
    for (format, text, name) in [
        (F::Xunit, "<assembly><test name='&b;&c;'/></assembly>", "&b;&c;"),
        (F::Nunit, "<test-run><test-case name='&b;'/></test-run>", "&b;"),
        (F::Robot, "<robot><suite><test name='&c;'/></suite></robot>", "&c;"),
        (
            F::Trx,
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010'><UnitTestResult testName='&b;'/></TestRun>",
            "&b;",
        ),
    ] {
        let report = read(format, format!("{bomb}{text}").as_bytes());
        assert_eq!(report.cases().next().map(|case| case.name.as_str()), Some(name));
    }
}

/// Bytes that are no text, and other encodings than UTF-8.
#[test]
fn bytes_of_any_kind() {
    for (format, bytes) in [
        (F::GoTest, &b"{\"Action\":\"pass\",\"Test\":\"gr\xfcn\x00\"}\n"[..]),
        (F::Tap, b"1..1\nok 1 gr\xfcn\x00\n"),
        (F::Ctrf, b"{\"results\":{\"tests\":[{\"name\":\"gr\xfcn\x00\"}]}}"),
        (F::Allure, b"{\"name\":\"gr\xfcn\x00\"}"),
    ] {
        let report = read(format, bytes);
        assert_eq!(report.cases().next().map(|case| case.name.as_str()), Some("gr\u{fffd}n"), "{format}");
        assert_eq!(report.warnings.len(), 1, "{format}: {:?}", report.warnings);
    }
    let text = "{\"reportFormat\":\"CTRF\",\"results\":{\"tests\":[{\"name\":\"grün 🎉\"}]}}";
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &wide].concat();
    for bytes in [wide, marked, [b"\xef\xbb\xbf", text.as_bytes()].concat()] {
        let parsed = parse::report(bytes.as_slice(), "").expect("CTRF");
        assert_eq!(parsed.report.cases().next().map(|case| case.name.as_str()), Some("grün 🎉"));
    }
}

/// Pieces that mean something to one format or another, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"t\"}\n",
        "{\"Action\":\"fail\",\"Package\":\"p\"}\n",
        "{\"Action\":\"fail\",\"Package\":\"p\",\"Test\":\"t\"}\n",
        "{\"Action\":\"pass\",\"Test\":\"t\",\"Package\":\"p\"}\n",
        "ok 1\n",
        "not ok 2 - a # TODO b\n",
        "1..3\n",
        "  ---\n",
        "  message: x\n",
        "  ...\n",
        "    not ok 1\n",
        "Bail out!\n",
        "}\n",
        "{\"results\":{\"tests\":[",
        "{\"name\":\"a\",\"status\":\"failed\"}",
        "]",
        "}",
        "[",
        "{",
        ",",
        ":",
        "\"",
        "\\u12",
        "1e9",
        "null",
        "{\"suites\":[{\"title\":\"a\",\"specs\":[{\"title\":\"b\",\"tests\":[{\"status\":\"flaky\",\"results\":[{}]}]}]",
        "\"suites\":[",
        "{\"metrics\":{\"a\":{\"thresholds\":{\"b\":true}}",
        "\"root_group\":{\"checks\":[{\"name\":\"a\",\"fails\":1}]",
        "\"passes\":[",
        "{\"testCaseStarted\":{\"id\":\"1\"}}\n",
        "{\"testCaseFinished\":{\"testCaseStartedId\":\"1\"}}\n",
        "{\"testStepFinished\":{\"testCaseStartedId\":\"1\",\"testStepResult\":{\"status\":\"FAILED\"}}}\n",
        "<UnitTestResult testName='a' outcome='Failed'>",
        "</UnitTestResult>",
        "<InnerResults>",
        "</InnerResults>",
        "<UnitTest id=''>",
        "<test name='a' result='Fail'>",
        "</test>",
        "<failure>",
        "</failure>",
        "<test-suite name='a' site='SetUp' result='Failed'>",
        "</test-suite>",
        "<test-case name='a'/>",
        "<suite name='a'>",
        "</suite>",
        "<kw type='teardown'>",
        "</kw>",
        "<status status='FAIL'/>",
        "<![CDATA[",
        "]]>",
    ]);
    let piece = prop_oneof![4 => known.prop_map(str::to_owned), 1 => any::<String>()];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived_by_every_format(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = detect_named(&bytes, "a.tap");
        for format in Format::ALL {
            let _ = parse::read(format, bytes.as_slice(), &Limits::default());
        }
    }

    #[test]
    fn anything_like_a_report_is_survived(pieces in pieces()) {
        let _ = parse::report(pieces.as_bytes(), "a.tap");
        let roots = [
            (F::GoTest, "{\"Action\":\"start\"}\n"), (F::Tap, "TAP version 14\n"), (F::Trx, TRX), (F::Xunit, "<assembly>"),
            (F::Nunit, "<test-run>"), (F::Robot, "<robot>"), (F::Ctrf, "{\"results\":{\"tests\":["), (F::Playwright, "{\"suites\":[{\"specs\":["),
            (F::K6, "{\"root_group\":{\"checks\":["), (F::Mocha, "{\"passes\":["), (F::Allure, ""), (F::Cucumber, "{\"meta\":{}}\n"),
        ];
        for (format, root) in roots {
            if let Ok(report) = parse::read(format, format!("{root}{pieces}").as_bytes(), &Limits { cases: 3, suites: 2, text: 500 }) {
                check(&report, &format!("{format}: {pieces}"));
                let _ = render::text(&report, 3);
            }
        }
    }
}
