//! Reports made to hurt their reader: bounded memory, bounded time, no panic.

mod endless;

use std::time::{Duration, Instant};

use assay_report::parse::{detect, junit, junit_with};
use assay_report::render;
use assay_report::{Case, Counts, Limits, Outcome, Suite, TestReport, WarningCode};
use endless::endless;
use proptest::prelude::*;

fn has(report: &TestReport, code: WarningCode) -> bool {
    report.warnings.iter().any(|warning| warning.code == code)
}

#[test]
fn entities_are_neither_expanded_nor_fetched() {
    let bomb = "<!DOCTYPE testsuite [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>\
        <testsuite name='&b;'><testcase name='&c;'><failure message='&b;'>&c;&b;</failure></testcase></testsuite>";
    let report = junit(bomb.as_bytes()).expect("readable");
    let case = &report.suites[0].cases[0];
    assert_eq!(
        (case.name.as_str(), case.message.as_deref(), case.details.as_deref()),
        ("&c;", Some("&b;"), Some("&c;&b;"))
    );
    assert!(has(&report, WarningCode::DoctypeIgnored));
}

#[test]
fn size_does_not_matter() {
    let tail = "</failure></testcase></testsuite>";
    for (name, reader) in [
        ("text", endless("<testsuite><testcase name='a'><failure>", "0123456789", 1_000_000, tail)),
        ("references", endless("<testsuite><testcase name='a'><failure>", "&lt;", 200_000, tail)),
        (
            "attributes",
            endless("<testsuite><testcase name='a'><failure", " a='b'", 300_000, "></failure></testcase></testsuite>"),
        ),
        (
            "one attribute",
            endless(
                "<testsuite><testcase name='a'><failure message='",
                "x",
                1_000_000,
                "'></failure></testcase></testsuite>",
            ),
        ),
        ("nesting", endless("<testsuite><testcase name='a'><failure/></testcase>", "<testsuite>", 100_000, "")),
        (
            "comment",
            endless("<!--", "-x", 1_000_000, "--><testsuite><testcase name='a'><failure/></testcase></testsuite>"),
        ),
        (
            "ends",
            endless(
                "<testsuite><testcase name='a'><failure/></testcase>",
                "<failure></skipped>",
                100_000,
                "</testsuite>",
            ),
        ),
        (
            "empty suites",
            endless(
                "<testsuites><testsuite><testcase name='a'><failure/></testcase></testsuite>",
                "<testsuite/>",
                200_000,
                "</testsuites>",
            ),
        ),
    ] {
        let start = Instant::now();
        let report = junit(reader).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(start.elapsed() < Duration::from_secs(60), "{name}: {:?}", start.elapsed());
        assert!(report.cases().any(|case| case.name == "a" && case.outcome == Outcome::Failed), "{name}");
        for case in report.cases() {
            assert!(case.message.as_ref().is_none_or(|text| text.len() <= 1024), "{name}");
            assert!(case.details.as_ref().is_none_or(|text| text.len() <= 8192), "{name}");
        }
    }
}

#[test]
fn all_are_counted_and_some_are_kept() {
    let reader = endless(
        "<testsuite name='s'>",
        "<testcase name='a' classname='c'/>",
        200_000,
        "<testcase name='last'><failure/></testcase></testsuite>",
    );
    let report = junit(reader).expect("readable");
    assert_eq!((report.counts().tests, report.counts().failed), (200_001, 1));
    assert_eq!(report.cases().count(), 50_001);
    assert_eq!(report.summary(10).failures[0].name, "last");
    assert!(has(&report, WarningCode::LimitReached));
}

#[test]
fn suites_and_text_have_limits() {
    let limits = Limits { cases: 100, suites: 2, text: 1000 };
    let mut xml = String::from("<testsuites>");
    for i in 0..20 {
        xml += &format!(
            "<testsuite name='s{i}'><testcase name='{}'><failure>{}</failure></testcase></testsuite>",
            "n".repeat(50),
            "d".repeat(90)
        );
    }
    let report = junit_with(format!("{xml}</testsuites>").as_bytes(), &limits).expect("readable");
    let suites: Vec<_> = report.suites.iter().map(|suite| (suite.name.as_str(), suite.counts.failed)).collect();
    assert_eq!(suites, [("s0", 1), ("s1", 1), ("(further suites)", 18)]);
    assert!(report.cases().last().is_some_and(|case| case.details.is_none()));
    assert!(has(&report, WarningCode::LimitReached));
}

fn xmlish() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<testsuites>".to_owned()),
        Just("<testsuite name='s' tests='2'>".to_owned()),
        Just("<testcase name='a' time='1,5'>".to_owned()),
        Just("<failure message='&#27;[1m'>".to_owned()),
        Just("<skipped/>".to_owned()),
        Just("<rerunError>".to_owned()),
        Just("<![CDATA[".to_owned()),
        Just("]]>".to_owned()),
        Just("<!DOCTYPE a [".to_owned()),
        Just("<!--".to_owned()),
        Just("-->".to_owned()),
        Just("</testcase>".to_owned()),
        Just("</failure>".to_owned()),
        Just("</testsuite>".to_owned()),
        Just("&#xD800;&amp;&".to_owned()),
        "[<>/!?&;'\"=\\[\\]a -]{0,12}",
        any::<String>(),
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

const WORD: &str = "[!-~äß漢🎉][ -~äß漢🎉]{0,18}[!-~äß漢🎉]";

fn case() -> impl Strategy<Value = Case> {
    let outcome =
        prop_oneof![Just(Outcome::Passed), Just(Outcome::Failed), Just(Outcome::Errored), Just(Outcome::Skipped)];
    (WORD, proptest::option::of(WORD), outcome, any::<bool>(), proptest::option::of(WORD)).prop_map(
        |(name, class, outcome, flaky, message)| Case {
            suite: String::new(),
            class,
            name,
            file: None,
            line: None,
            seconds: None,
            outcome,
            message: message.filter(|_| outcome != Outcome::Passed),
            details: None,
            flaky: flaky && outcome == Outcome::Passed,
        },
    )
}

fn report() -> impl Strategy<Value = TestReport> {
    let suite = (WORD, proptest::collection::vec(case(), 1..8)).prop_map(|(name, mut cases)| {
        let mut counts = Counts::default();
        for case in &mut cases {
            case.suite.clone_from(&name);
            counts.record(case.outcome, case.flaky);
        }
        Suite { name, counts, seconds: 0.0, cases }
    });
    proptest::collection::vec(suite, 0..5).prop_map(|suites| TestReport { suites, warnings: vec![] })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = junit(bytes.as_slice());
        let _ = detect(&bytes);
    }

    #[test]
    fn anything_like_xml_is_survived(xml in xmlish()) {
        let _ = detect(xml.as_bytes());
        if let Ok(report) = junit(format!("<testsuite>{xml}").as_bytes()) {
            let counts = report.counts();
            prop_assert_eq!(counts.tests, counts.passed + counts.failed + counts.errored + counts.skipped);
            let again = junit(render::junit(&report).as_bytes()).expect("our own export");
            prop_assert_eq!(again.counts(), counts);
        }
    }

    #[test]
    fn what_is_rendered_reads_the_same(report in report()) {
        let xml = render::junit(&report);
        let again = junit(xml.as_bytes()).expect("our own export");
        prop_assert_eq!(&again.suites, &report.suites);
        prop_assert!(again.warnings.iter().all(|warning| warning.code == WarningCode::Duplicate));
    }
}
