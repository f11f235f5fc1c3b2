//! One small report for every way in which JUnit XML is known to be odd.

use assay_report::parse::{ParseError, junit};
use assay_report::{Counts, Outcome, TestReport, WarningCode};

use WarningCode as W;

fn read(xml: &str) -> TestReport {
    junit(xml.as_bytes()).unwrap_or_else(|error| panic!("{error}: {xml}"))
}

fn numbers(counts: Counts) -> [u32; 6] {
    [counts.tests, counts.passed, counts.failed, counts.errored, counts.skipped, counts.flaky]
}

/// tests, passed, failed, errored, skipped, flaky; warnings.
type Row = (&'static str, &'static str, [u32; 6], &'static [WarningCode]);

const SHAPES: &[Row] = &[
    ("root testsuite", "<testsuite name='s' tests='1'><testcase name='a'/></testsuite>", [1, 1, 0, 0, 0, 0], &[]),
    ("cases directly in the root", "<testsuites><testcase name='a'/></testsuites>", [1, 1, 0, 0, 0, 0], &[]),
    (
        "nested suites",
        "<testsuites><testsuite name='o' tests='2'><testcase name='a'/><testsuite name='i'><testcase name='b'><failure/></testcase></testsuite></testsuite></testsuites>",
        [2, 1, 1, 0, 0, 0],
        &[],
    ),
    (
        "several roots",
        "<?xml version='1.0'?><testsuite><testcase name='a'/></testsuite>\n<?xml version='1.0'?><testsuites><testsuite><testcase name='b'/></testsuite></testsuites>",
        [2, 2, 0, 0, 0, 0],
        &[],
    ),
    (
        "a foreign second root",
        "<testsuite><testcase name='a'/></testsuite><html><testcase name='b'/></html>",
        [1, 1, 0, 0, 0, 0],
        &[W::ForeignRoot],
    ),
    ("no cases at all", "<testsuites/>", [0; 6], &[]),
    (
        "counts that disagree",
        "<testsuite tests='5' failures='0'><testcase name='a'><failure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[W::CountsDisagree],
    ),
    (
        "failures that disagree",
        "<testsuite tests='1' failures='0' errors='0'><testcase name='a'><failure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[W::CountsDisagree],
    ),
    (
        "counts but no cases",
        "<testsuites tests='6' failures='1'><testsuite tests='6' failures='1' errors='1' skipped='2'/></testsuites>",
        [6, 2, 1, 1, 2, 0],
        &[W::CountsWithoutCases],
    ),
    ("absurd counts but no cases", "<testsuite tests='-3' failures='x'/>", [0; 6], &[]),
    ("counts without sense", "<testsuite tests='1' failures='3'/>", [3, 0, 3, 0, 0, 0], &[W::CountsWithoutCases]),
    (
        "nothing but a failed suite",
        "<testsuite tests='1' errors='1'><error message='no class'/></testsuite>",
        [1, 0, 0, 1, 0, 0],
        &[W::SuiteFailure],
    ),
    (
        "a namespace",
        "<x:testsuites xmlns:x='urn:x'><x:testsuite><x:testcase name='a'/></x:testsuite></x:testsuites>",
        [1, 1, 0, 0, 0, 0],
        &[],
    ),
    (
        "text before the root",
        "INFO run\n<testsuite><testcase name='a'/></testsuite>\ndone",
        [1, 1, 0, 0, 0, 0],
        &[W::Malformed],
    ),
    (
        "the same case twice",
        "<testsuite><testcase classname='c' name='a'><failure/></testcase><testcase classname='c' name='a'/></testsuite>",
        [2, 1, 1, 0, 0, 0],
        &[W::Duplicate],
    ),
    ("no name", "<testsuite><testcase/></testsuite>", [1, 1, 0, 0, 0, 0], &[W::MissingName]),
];

const OUTCOMES: &[Row] = &[
    (
        "failure and error",
        "<testsuite><testcase name='a'><failure/><error/></testcase></testsuite>",
        [1, 0, 0, 1, 0, 0],
        &[],
    ),
    (
        "skipped and failure",
        "<testsuite><testcase name='a'><skipped/><failure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[],
    ),
    (
        "several failures",
        "<testsuite><testcase name='a'><failure/><failure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[],
    ),
    (
        "flaky",
        "<testsuite><testcase name='a'><flakyFailure/><flakyError/></testcase></testsuite>",
        [1, 1, 0, 0, 0, 1],
        &[],
    ),
    (
        "failed again",
        "<testsuite><testcase name='a'><failure/><rerunFailure/><rerunError/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[],
    ),
    (
        "only failed again",
        "<testsuite><testcase name='a'><rerunFailure/></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[],
    ),
    (
        "not run",
        "<testsuite><testcase name='a' status='notrun'/><testcase name='b' status='run' result='suppressed'/><testcase name='c' status='disabled'/></testsuite>",
        [3, 0, 0, 0, 3, 0],
        &[],
    ),
    (
        "run, although skipping is asked about",
        "<testsuite><testcase name='a' status='run' result='completed'/></testsuite>",
        [1, 1, 0, 0, 0, 0],
        &[],
    ),
    (
        "a failure by attribute only",
        "<testsuite><testcase name='a' status='failed'/></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[],
    ),
    (
        "skipped in other words",
        "<testsuite><testcase name='a'><ignored/></testcase><testcase name='b'><disabled/></testcase></testsuite>",
        [2, 0, 0, 0, 2, 0],
        &[],
    ),
];

const BROKEN: &[Row] = &[
    (
        "cut off between cases",
        "<testsuite><testcase name='a'/><testcase name='b'><failure/></testcase>",
        [2, 1, 1, 0, 0, 0],
        &[W::Truncated],
    ),
    (
        "cut off in a case",
        "<testsuite><testcase name='a'/><testcase name='b'><system-out>x",
        [1, 1, 0, 0, 0, 0],
        &[W::Truncated],
    ),
    (
        "cut off in a failure",
        "<testsuite><testcase name='a'><failure message='m'>trace",
        [1, 0, 1, 0, 0, 0],
        &[W::Truncated],
    ),
    ("cut off in a tag", "<testsuite><testcase name='a'/><testcase name='b", [1, 1, 0, 0, 0, 0], &[W::Truncated]),
    ("cut off in CDATA", "<testsuite><testcase name='a'><error><![CDATA[x", [1, 0, 0, 1, 0, 0], &[W::Truncated]),
    (
        "a tag that is never closed",
        "<testsuite><testcase name='a'><failure>1<br>2</failure></testcase><testcase name='b'/></testsuite>",
        [2, 1, 1, 0, 0, 0],
        &[W::Malformed],
    ),
    (
        "a case that is never closed",
        "<testsuite><testcase name='a'><testcase name='b'/></testsuite>",
        [2, 2, 0, 0, 0, 0],
        &[W::Malformed],
    ),
    ("an end too many", "<testsuite><testcase name='a'/></testcase></testsuite>", [1, 1, 0, 0, 0, 0], &[W::Malformed]),
    (
        "less-than signs",
        "<testsuite><testcase name='a < b > c' time='<<computed>>'><failure>if 1 < 2 && x <= y</failure></testcase></testsuite>",
        [1, 0, 1, 0, 0, 0],
        &[W::OddTime],
    ),
    (
        "a document type",
        "<!DOCTYPE testsuite SYSTEM 'http://127.0.0.1/junit.dtd'><testsuite><testcase name='a'/></testsuite>",
        [1, 1, 0, 0, 0, 0],
        &[W::DoctypeIgnored],
    ),
    (
        "an unknown encoding",
        "<?xml version='1.0' encoding='x-none'?><testsuite><testcase name='a'/></testsuite>",
        [1, 1, 0, 0, 0, 0],
        &[W::UnknownEncoding],
    ),
];

#[test]
fn tables() {
    for (name, xml, want, warnings) in [SHAPES, OUTCOMES, BROKEN].concat() {
        let report = read(xml);
        assert_eq!(numbers(report.counts()), want, "{name}");
        let mut codes: Vec<_> = report.warnings.iter().map(|warning| warning.code).collect();
        codes.retain(|code| *code != W::Duplicate || warnings.contains(code));
        for code in warnings {
            assert!(codes.contains(code), "{name}: {code:?} is missing in {codes:?}");
        }
        assert!(warnings.len() == codes.len() || codes.contains(&W::Truncated), "{name}: {codes:?}");
    }
}

#[test]
fn messages_and_details() {
    let report = read(
        "<testsuite file='suite.py'>\
         <testcase classname='c' name=' a\n b ' line='7' time='0,5'><failure message='&#27;[31mred&#27;[0m&#10;2nd' type='T'>at x<![CDATA[ <y>]]]]><![CDATA[> &z;]]> &amp; &xxe;</failure></testcase>\
         <testcase name='b'><failure type='AssertionError'/></testcase>\
         <testcase name='c' file='own.py'><error>\n\n  first\n  second</error></testcase>\
         <testcase name='d'><skipped message='later'/></testcase>\
         <testcase name='e'><failure message='one'/><failure message='two'/><failure message='three'/></testcase>\
         <testcase name='f'><failure message='bad'/><rerunFailure message='again'><stackTrace>trace</stackTrace><system-out>noise</system-out></rerunFailure></testcase>\
         <testcase name='g'><flakyError message='once'/><system-out>[[ATTACHMENT|/etc/passwd]]</system-out></testcase>\
         </testsuite>",
    );
    let cases: Vec<_> = report.cases().collect();
    assert_eq!(cases[0].name, "a  b");
    assert_eq!((cases[0].line, cases[0].seconds, cases[0].file.as_deref()), (Some(7), Some(0.5), Some("suite.py")));
    assert_eq!(cases[0].message.as_deref(), Some("red\n2nd"));
    assert_eq!(cases[0].details.as_deref(), Some("at x <y>]]> &z; & &xxe;"));
    assert_eq!(cases[1].message.as_deref(), Some("AssertionError"));
    assert_eq!((cases[2].message.as_deref(), cases[2].file.as_deref()), (Some("first"), Some("own.py")));
    assert_eq!((cases[3].message.as_deref(), cases[3].outcome), (Some("later"), Outcome::Skipped));
    assert_eq!(cases[4].message.as_deref(), Some("one (and 2 more)"));
    assert_eq!((cases[5].message.as_deref(), cases[5].details.as_deref()), (Some("bad"), Some("trace")));
    assert!(cases[6].flaky && cases[6].outcome == Outcome::Passed);
    assert_eq!(cases[6].message.as_deref(), Some("once"));
    assert_eq!(report.summary(2).failures.len(), 2);
}

#[test]
fn durations_of_suites() {
    let report = read(
        "<testsuites time='100'>\
         <testsuite name='own' time='1.5'><testcase name='a' time='1'/></testsuite>\
         <testsuite name='sum'><testcase name='b' time='2'/><testcase name='c' time='-1'/><testcase name='d' time='NaN'/></testsuite>\
         <testsuite name='outer' time='9'><testcase name='e' time='3'/><testsuite name='inner' time='6'><testcase name='f'/></testsuite></testsuite>\
         </testsuites>",
    );
    let seconds: Vec<_> = report.suites.iter().map(|suite| (suite.name.as_str(), suite.seconds)).collect();
    assert_eq!(seconds, [("own", 1.5), ("sum", 2.0), ("outer", 3.0), ("inner", 6.0)]);
    assert_eq!(report.cases().filter_map(|case| case.seconds).sum::<f64>(), 6.0);
}

#[test]
fn other_encodings() {
    let xml = "<testsuite><testcase name='grün 🎉'/></testsuite>";
    let wide = |mark: &[u8], units: Vec<u8>| [mark, &units].concat();
    for bytes in [
        wide(b"\xff\xfe", xml.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        wide(b"\xfe\xff", xml.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        wide(b"\xef\xbb\xbf", xml.as_bytes().to_vec()),
    ] {
        let report = junit(bytes.as_slice()).expect("readable");
        assert_eq!(report.cases().next().map(|case| case.name.as_str()), Some("grün 🎉"));
        assert!(report.warnings.is_empty());
    }
    let latin = b"<?xml version='1.0' encoding='iso-8859-1'?><testsuite><testcase name='gr\xfcn'/></testsuite>";
    assert_eq!(junit(latin.as_slice()).expect("readable").suites[0].cases[0].name, "grün");
    let broken = b"<testsuite><testcase name='gr\xfcn\x00\x01'/></testsuite>";
    let report = junit(broken.as_slice()).expect("readable");
    assert_eq!(report.suites[0].cases[0].name, "gr\u{fffd}n");
    assert_eq!(report.warnings[0].code, W::InvalidText);
}

#[test]
fn not_a_report() {
    for (bytes, want) in [
        ("", "the report is empty"),
        (" \n\t", "the report is empty"),
        ("ok 1 - tap\n", "the report is not XML"),
        ("{\"tests\": 3}", "the report is not XML"),
        ("<html><testsuite/></html>", "the report is not JUnit XML: its root element is <html>"),
        (
            "<testsuites xmlns='http://check.sourceforge.net/ns'/>",
            "the report is not JUnit XML: its root element is <testsuites xmlns=\"http://check.sourceforge.net/ns\">",
        ),
    ] {
        assert_eq!(junit(bytes.as_bytes()).expect_err(bytes).to_string(), want);
    }
}

#[test]
fn a_reader_that_fails() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("gone"))
        }
    }
    let result = junit(std::io::BufReader::new(Broken));
    assert!(matches!(result, Err(ParseError::Read(_))), "{result:?}");
}
