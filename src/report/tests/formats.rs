//! One small report for what is special about each format.

use assay_report::parse::{self, Format, ParseError};
use assay_report::{Case, Outcome, TestReport, WarningCode as W, render};

/// Reads a report whose format has to be found.
fn read(format: Format, text: &str) -> TestReport {
    let parsed = parse::report(text.as_bytes(), "").unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(parsed.format, format, "{text}");
    let junit = parse::junit(render::junit(&parsed.report).as_bytes()).expect("our own export");
    assert_eq!(junit.counts(), parsed.report.counts(), "{text}");
    parsed.report
}

/// tests, passed, failed, errored, skipped, flaky
fn numbers(report: &TestReport) -> [u32; 6] {
    let counts = report.counts();
    [counts.tests, counts.passed, counts.failed, counts.errored, counts.skipped, counts.flaky]
}

fn codes(report: &TestReport) -> Vec<W> {
    report.warnings.iter().map(|warning| warning.code).collect()
}

fn only(report: &TestReport, name: &str) -> Case {
    let mut found = report.cases().filter(|case| case.name == name);
    let case = found.next().unwrap_or_else(|| panic!("no case {name:?} in {report:?}"));
    assert!(found.next().is_none(), "{name} occurs twice");
    case.clone()
}

/// Suite, class, file, line.
fn place(case: &Case) -> (&str, Option<&str>, Option<&str>, Option<u32>) {
    (&case.suite, case.class.as_deref(), case.file.as_deref(), case.line)
}

#[test]
fn go_test_says_why_and_where() {
    let report = read(
        Format::GoTest,
        r#"go: downloading example.com/x v1.0.0
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:12: want 1, got 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.50s)\n"}
{"Action":"fail","Package":"p","Test":"TestA","Elapsed":0.5}
{"Action":"run","Package":"p","Test":"TestB/sub"}
{"Action":"output","Package":"p","Test":"TestB/sub","Output":"    b_test.go:3: not here\n"}
{"Action":"skip","Package":"p","Test":"TestB/sub","Elapsed":0}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"fail","Package":"p","Elapsed":0.75}
"#,
    );
    assert_eq!(numbers(&report), [2, 0, 1, 0, 1, 0]);
    let case = only(&report, "TestA");
    assert_eq!(place(&case), ("p", None, Some("a_test.go"), Some(12)));
    assert_eq!((case.message.as_deref(), case.seconds), (Some("want 1, got 2"), Some(0.5)));
    assert_eq!(only(&report, "TestB/sub").message.as_deref(), Some("not here"));
    assert!((report.suites[0].seconds - 0.75).abs() < 1e-9);
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn go_test_that_is_not_built_or_dies() {
    let report = read(
        Format::GoTest,
        r##"{"ImportPath":"p [p.test]","Action":"build-output","Output":"# p [p.test]\n"}
{"ImportPath":"p [p.test]","Action":"build-output","Output":"./a.go:1:2: undefined: x\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","Elapsed":0,"FailedBuild":"p [p.test]"}
{"Action":"run","Package":"q","Test":"TestDies"}
{"Action":"output","Package":"q","Test":"TestDies","Output":"panic: boom\n"}
{"Action":"fail","Package":"q","Elapsed":0}
{"Action":"run","Package":"r","Test":"TestHangs"}
"##,
    );
    assert_eq!(numbers(&report), [3, 0, 1, 2, 0, 0]);
    let built = only(&report, "(package)");
    assert!(built.suite == "p" && built.details.is_some_and(|text| text.contains("undefined: x")));
    assert_eq!(only(&report, "TestDies").message.as_deref(), Some("panic: boom"));
    assert_eq!(only(&report, "TestHangs").outcome, Outcome::Errored);
    assert_eq!(codes(&report), [W::SuiteFailure, W::Truncated]);
}

#[test]
fn go_test_run_again_by_a_tool_is_flaky_and_counted_by_go_is_not() {
    let run = |test: &str, end: &str| {
        format!(
            "{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"{test}\"}}\n{{\"Action\":\"{end}\",\"Package\":\"p\",\"Test\":\"{test}\"}}\n"
        )
    };
    let end = |end: &str| format!("{{\"Action\":\"{end}\",\"Package\":\"p\"}}\n");
    let again =
        [run("A", "fail"), run("B", "fail"), end("fail"), run("A", "pass"), run("B", "fail"), end("fail")].concat();
    let report = read(Format::GoTest, &again);
    assert_eq!(numbers(&report), [2, 1, 1, 0, 0, 1]);
    assert!(only(&report, "A").flaky);
    let twice = [run("A", "fail"), run("A", "pass"), end("fail")].concat();
    assert_eq!(numbers(&read(Format::GoTest, &twice)), [2, 1, 1, 0, 0, 0]);
}

#[test]
fn tap_with_all_it_has() {
    let report = read(
        Format::Tap,
        "TAP version 14\n\
         1..6\n\
         ok 1 - fine # time=250ms\n\
         not ok 2 - broken \\# 1\n  ---\n  message: 'want 1'\n  at: lib/a.js:12:3\n  severity: fail\n  stack: |\n    at lib/a.js\n  ...\n\
         # Subtest: group\n    ok 1 - one\n    not ok 2 - two\n    1..2\nnot ok 3 - group\n\
         not ok 4 - later # TODO not yet\n\
         ok 5 - elsewhere # SKIP no network\n\
         not ok 6 - buffered {\n    not ok 1 - inner\n    1..1\n}\n",
    );
    assert_eq!(numbers(&report), [6, 1, 3, 0, 2, 0]);
    assert_eq!(only(&report, "fine").seconds, Some(0.25));
    let broken = only(&report, "broken # 1");
    assert_eq!(place(&broken), ("", None, Some("lib/a.js"), Some(12)));
    assert_eq!(broken.message.as_deref(), Some("want 1"));
    assert!(broken.details.is_some_and(|text| text.contains("severity: fail\nstack: |\n  at lib/a.js")));
    assert_eq!(only(&report, "group").message.as_deref(), Some("two failed"));
    assert_eq!(only(&report, "buffered").message.as_deref(), Some("inner failed"));
    assert_eq!(only(&report, "later").message.as_deref(), Some("not yet"));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
}

#[test]
fn tap_that_did_not_get_to_its_end() {
    for (text, name, message) in [
        ("1..3\nok 1\nBail out! no database\n", "Bail out!", "no database"),
        ("1..3\nok 1\n    Bail out!\n", "Bail out!", "all tests were given up"),
        ("1..3\nok 1\n", "(plan)", "3 tests were planned, but 1 ran"),
        ("TAP version 13\nok 1\n", "(plan)", "there is no plan: the test may have died"),
        ("1..2\nok 1\nok 1\n", "(plan)", "test 1 occurs more than once, so another one is missing"),
    ] {
        let case = only(&read(Format::Tap, text), name);
        assert_eq!((case.outcome, case.message.as_deref()), (Outcome::Errored, Some(message)), "{text}");
    }
    assert_eq!(numbers(&read(Format::Tap, "TAP version 13\n1..0 # SKIP not here\n")), [0; 6]);
}

#[test]
fn trx_classes_rows_and_a_host_that_crashed() {
    let trx = |body: &str| {
        format!(
            "<TestRun xmlns='http://microsoft.com/schemas/VisualStudio/TeamTest/2010' name='me@host now'>{body}</TestRun>"
        )
    };
    let report = read(
        Format::Trx,
        &trx("<Results>\
             <UnitTestResult testId='1' testName='N.C.A' outcome='Passed' duration='00:00:01.5'/>\
             <UnitTestResult testId='2' testName='B' outcome='Failed'><Output><StdOut>long</StdOut>\
               <ErrorInfo><Message>no</Message><StackTrace>at B</StackTrace></ErrorInfo></Output></UnitTestResult>\
             <UnitTestResult testId='3' testName='Rows' outcome='Failed'><InnerResults>\
               <UnitTestResult testId='3' testName='Rows (1)' outcome='Passed'/>\
               <UnitTestResult testId='3' testName='Rows (2)' outcome='Timeout'/></InnerResults></UnitTestResult>\
             <UnitTestResult testId='4' testName='C' outcome='NotExecuted'/><UnitTestResult testId='5' testName='D'/></Results>\
             <TestDefinitions><UnitTest id='1'><TestMethod className='N.C, Assembly, Version=1'/></UnitTest>\
             <UnitTest id='3'><TestMethod className='N.D'/></UnitTest></TestDefinitions>\
             <ResultSummary outcome='Failed'/>"),
    );
    assert_eq!(numbers(&report), [6, 2, 1, 2, 1, 0]);
    assert_eq!(only(&report, "D").outcome, Outcome::Errored);
    assert_eq!(place(&only(&report, "A")), ("", Some("N.C"), None, None));
    assert_eq!(only(&report, "Rows (2)").class.as_deref(), Some("N.D"));
    let failed = only(&report, "B");
    assert_eq!((failed.message.as_deref(), failed.details.as_deref()), (Some("no"), Some("at B")));
    assert!(report.warnings.is_empty(), "{:?}", report.warnings);
    let crashed = read(
        Format::Trx,
        &trx("<Results><UnitTestResult testName='A' outcome='Passed'/></Results><ResultSummary outcome='Failed'>\
             <RunInfos><RunInfo outcome='Error'><Text>host crashed</Text></RunInfo></RunInfos></ResultSummary>"),
    );
    assert_eq!(numbers(&crashed), [2, 1, 0, 1, 0, 0]);
    assert_eq!(only(&crashed, "(run)").message.as_deref(), Some("host crashed"));
}

#[test]
fn playwright_projects_tries_and_errors() {
    let report = read(
        Format::Playwright,
        r#"{"config": {"rootDir": "/e2e", "workers": 2, "projects": [{"id": "x"}]},
        "suites": [{"title": "a.spec.ts", "file": "a.spec.ts", "specs": [
            {"title": "top", "file": "a.spec.ts", "line": 3, "tests": [
                {"projectName": "chromium", "expectedStatus": "passed", "status": "expected", "results": [{"status": "passed", "duration": 1500}]},
                {"projectName": "firefox", "expectedStatus": "passed", "status": "flaky", "results": [
                    {"status": "failed", "duration": 1000, "error": {"message": "\u001b[31mnope\u001b[39m"}},
                    {"status": "passed", "duration": 500}]}]}],
          "suites": [{"title": "login", "specs": [], "suites": [{"title": "admin", "specs": [
            {"title": "works", "tests": [{"expectedStatus": "passed", "status": "unexpected", "results": [
                {"status": "timedOut", "errors": [{"message": "Timeout of 30s"}, {"message": "locator.click: gone", "stack": "at a.ts:3"}],
                 "attachments": [{"name": "s", "body": "AAAA"}]}]}]},
            {"title": "known", "tests": [{"expectedStatus": "failed", "status": "expected", "results": [{"status": "failed"}]}]},
            {"title": "left out", "tests": [{"expectedStatus": "skipped", "status": "skipped", "results": []}]},
            {"title": "old", "tests": [{"results": [{"status": "failed"}, {"status": "passed"}]}]}]}]}]}],
        "errors": [{"message": "global setup", "location": {"file": "setup.ts", "line": 4, "column": 1}}]}"#,
    );
    assert_eq!(numbers(&report), [7, 4, 1, 1, 1, 2]);
    let tops: Vec<_> = report.cases().filter(|case| case.name == "top").collect();
    assert_eq!(place(tops[0]), ("a.spec.ts", Some("chromium"), Some("a.spec.ts"), Some(3)));
    assert_eq!((tops[1].flaky, tops[1].message.as_deref(), tops[1].seconds), (true, Some("nope"), Some(0.5)));
    let failed = only(&report, "login › admin › works");
    assert_eq!(failed.message.as_deref(), Some("Timeout of 30s"));
    assert!(failed.details.is_some_and(|text| text.contains("at a.ts:3")));
    assert_eq!(place(&only(&report, "(run)")), ("", None, Some("setup.ts"), Some(4)));
    assert!((report.suites[0].seconds - 3.0).abs() < 1e-9);
}

#[test]
fn playwright_with_its_keys_in_order() {
    let report = read(
        Format::Playwright,
        r#"{"suites": [{"file": "a", "specs": [{"tests": [{"results": [{"status": "passed"}]}], "title": "t"}], "title": "a.spec.ts"}]}"#,
    );
    assert_eq!(place(&only(&report, "t")).0, "a.spec.ts");
    assert_eq!(report.suites[0].name, "a.spec.ts");
}

#[test]
fn k6_in_both_shapes() {
    let exported = r#"{"metrics": {
        "http_req_duration": {"avg": 1.5, "p(95)": 2.5, "thresholds": {"p(95)<2": true, "avg<2": false}},
        "iterations": {"count": 3, "rate": 1}},
      "root_group": {"name": "", "path": "", "id": "x", "groups": {"login": {"name": "login", "path": "::login", "groups": {},
          "checks": {"is 200": {"name": "is 200", "path": "::login::is 200", "passes": 9, "fails": 1}}}},
        "checks": {"up": {"name": "up", "path": "::up", "passes": 3, "fails": 0}, "never": {"name": "never", "path": "::never", "passes": 0, "fails": 0}}}}"#;
    let handled = r#"{"root_group": {"name": "", "path": "", "id": "x", "groups": [{"name": "login", "path": "::login", "groups": [],
          "checks": [{"name": "is 200", "path": "::login::is 200", "passes": 9, "fails": 1}]}],
        "checks": [{"name": "up", "path": "::up", "passes": 3, "fails": 0}, {"name": "never", "path": "::never", "passes": 0, "fails": 0}]},
      "options": {"summaryTrendStats": ["avg"]}, "state": {"isStdOutTTY": false},
      "metrics": {"iterations": {"type": "counter", "contains": "default", "values": {"count": 3}},
        "http_req_duration": {"type": "trend", "contains": "time", "values": {"avg": 1.5, "p(95)": 2.5},
          "thresholds": {"p(95)<2": {"ok": false}, "avg<2": {"ok": true}}}}}"#;
    for text in [exported, handled] {
        let report = read(Format::K6, text);
        assert_eq!(numbers(&report), [5, 2, 2, 0, 1, 0], "{text}");
        let crossed = only(&report, "http_req_duration: p(95)<2");
        assert_eq!((crossed.suite.as_str(), crossed.message.as_deref()), ("thresholds", Some("avg=1.5 p(95)=2.5")));
        let check = only(&report, "is 200");
        assert_eq!(place(&check), ("checks", Some("login"), None, None));
        assert_eq!(check.message.as_deref(), Some("failed 1 of 10 times"));
    }
}

#[test]
fn ctrf_suites_tries_and_counts() {
    let report = read(
        Format::Ctrf,
        r#"{"results": {"tool": {"name": "jest"}, "summary": {"tests": 9, "passed": 2, "failed": 1, "pending": 1, "skipped": 0, "other": 5},
        "tests": [{"name": "a", "status": "passed", "duration": 1500, "suite": "s", "flaky": true, "retries": 1},
            {"name": "b", "status": "failed", "message": "no", "trace": "at b", "suite": ["outer", "inner"], "filePath": "b.ts", "line": 7},
            {"name": "c", "status": "pending"}, {"name": "d", "status": "other", "rawStatus": "timedOut"},
            {"name": "e", "status": "passed", "retries": 2}, 5, {}]}}"#,
    );
    assert_eq!(numbers(&report), [5, 2, 1, 1, 1, 2]);
    let case = only(&report, "b");
    assert_eq!(place(&case), ("outer > inner", None, Some("b.ts"), Some(7)));
    assert_eq!((case.message.as_deref(), case.details.as_deref()), (Some("no"), Some("at b")));
    assert_eq!(codes(&report), [W::CountsDisagree]);
    let without =
        r#"{"reportFormat": "CTRF", "results": {"summary": {"tests": 2, "passed": 1, "failed": 1}, "tests": []}}"#;
    let report = read(Format::Ctrf, without);
    assert_eq!((numbers(&report), codes(&report)), ([2, 1, 1, 0, 0, 0], vec![W::CountsWithoutCases]));
}

#[test]
fn xunit_and_nunit() {
    let report = read(
        Format::Xunit,
        "<assemblies><assembly name='/a/b.dll'><errors><error type='assembly-cleanup' name='x'><failure><message>gone</message></failure></error></errors>\
         <collection name='Test collection for N.C'><test name='N.C.A' type='N.C' method='A' time='0,5' result='Pass' source-file='a.cs' source-line='3'/>\
         <test name='N.C.B' type='N.C' result='Fail'><failure exception-type='X'><message>no</message><stack-trace>at B</stack-trace></failure></test>\
         <test name='N.C.D' type='N.C' result='Skip'><reason>later</reason></test></collection></assembly></assemblies>",
    );
    assert_eq!((numbers(&report), codes(&report)), ([4, 1, 1, 1, 1, 0], vec![W::SuiteFailure]));
    assert_eq!(place(&only(&report, "N.C.A")), ("N.C", Some("N.C"), Some("a.cs"), Some(3)));
    assert_eq!(only(&report, "N.C.D").message.as_deref(), Some("later"));
    let report = read(
        Format::Nunit,
        "<test-run><test-suite type='TestFixture' name='F' fullname='N.F' result='Failed' site='TearDown'><failure><message>torn</message></failure>\
         <test-case name='A' classname='N.F' result='Passed' duration='0.5'><output>long</output></test-case>\
         <test-case name='B' result='Skipped' label='Ignored'><reason><message>later</message></reason></test-case></test-suite></test-run>",
    );
    assert_eq!((numbers(&report), codes(&report)), ([3, 1, 0, 1, 1, 0], vec![W::SuiteFailure]));
    assert_eq!(only(&report, "(suite)").message.as_deref(), Some("torn"));
    assert_eq!(place(&only(&report, "A")), ("N.F", Some("N.F"), None, None));
}

#[test]
fn robot_suites_and_their_teardowns() {
    let report = read(
        Format::Robot,
        "<robot generator='Robot 6'><suite name='Top' source='/t'>\
         <suite name='In' source='/t/in.robot'><test name='A' line='7'><kw name='k'><status status='FAIL'>no</status></kw><status status='PASS' starttime='20210212 23:59:59.500' endtime='20210213 00:00:00.750'/></test>\
         <test name='B'><status status='SKIP'>later</status></test><kw type='TEARDOWN' name='t'><status status='FAIL'/></kw></suite>\
         <suite name='Other'><test name='C'><status status='PASS' elapsed='1.5'/></test><kw type='SETUP'><status status='PASS'/></kw></suite>\
         </suite><statistics/></robot>",
    );
    assert_eq!(numbers(&report), [3, 1, 2, 0, 0, 0]);
    let case = only(&report, "A");
    assert_eq!((place(&case), case.seconds), (("Top.In", None, Some("/t/in.robot"), Some(7)), Some(1.25)));
    assert_eq!(case.message.as_deref(), Some("the teardown of a suite around it failed"));
    assert_eq!(only(&report, "C").outcome, Outcome::Passed);
}

#[test]
fn cucumber_tries_and_the_end_of_the_run() {
    let messages = |end: &str| {
        format!(
            r#"{{"meta":{{"protocolVersion":"27"}}}}
{{"gherkinDocument":{{"uri":"a.feature","feature":{{"name":"Feature","children":[]}}}}}}
{{"pickle":{{"id":"p","uri":"a.feature","name":"Scenario","location":{{"line":8}}}}}}
{{"testCase":{{"id":"c","pickleId":"p","testSteps":[]}}}}
{{"testCaseStarted":{{"id":"1","testCaseId":"c","attempt":0}}}}
{{"testStepFinished":{{"testCaseStartedId":"1","testStepResult":{{"status":"FAILED","message":"no\nat x","duration":{{"seconds":1,"nanos":0}}}}}}}}
{{"testCaseFinished":{{"testCaseStartedId":"1","willBeRetried":true}}}}
{{"testCaseStarted":{{"id":"2","testCaseId":"c","attempt":1}}}}
{{"testStepFinished":{{"testCaseStartedId":"2","testStepResult":{{"status":"PASSED","duration":{{"seconds":1,"nanos":500000000}}}}}}}}
{end}"#
        )
    };
    let finished = r#"{"testCaseFinished":{"testCaseStartedId":"2","willBeRetried":false}}
{"testRunFinished":{"success":true}}"#;
    let report = read(Format::Cucumber, &messages(finished));
    assert_eq!((numbers(&report), codes(&report)), ([1, 1, 0, 0, 0, 1], vec![]));
    let case = only(&report, "Scenario");
    assert_eq!((place(&case), case.seconds), (("Feature", None, Some("a.feature"), Some(8)), Some(1.5)));
    let cut = read(Format::Cucumber, &messages(""));
    assert_eq!((numbers(&cut), codes(&cut)), ([1, 0, 0, 1, 0, 0], vec![W::Truncated]));
}

#[test]
fn mocha_and_allure() {
    let report = read(
        Format::Mocha,
        r#"{"stats": {"suites": 1, "tests": 3, "passes": 1, "pending": 1, "failures": 1}, "tests": [],
        "pending": [{"title": "c", "fullTitle": "s c", "err": {}}],
        "failures": [{"title": "b", "fullTitle": "s b", "file": "b.js", "err": {"message": "no", "stack": "at b", "expected": "1"}}],
        "passes": [{"title": "a", "fullTitle": "s a", "duration": 5, "currentRetry": 1, "err": {}}]}"#,
    );
    assert_eq!((numbers(&report), codes(&report)), ([3, 1, 1, 0, 1, 1], vec![]));
    assert_eq!(place(&only(&report, "b")), ("s", None, Some("b.js"), None));
    let report = read(
        Format::Allure,
        r#"{"uuid": "1", "name": "a", "status": "broken", "statusDetails": {"message": "no", "trace": "at a"}, "start": 1000, "stop": 2500,
        "labels": [{"name": "parentSuite", "value": "p"}, {"name": "suite", "value": "s"}, {"name": "testClass", "value": "c"}]}"#,
    );
    let case = only(&report, "a");
    assert_eq!((place(&case), case.seconds), (("p > s", Some("c"), None, None), Some(1.5)));
    assert_eq!((case.outcome, case.message.as_deref()), (Outcome::Errored, Some("no")));
}

/// What is known before the end is kept, and the last case, if nothing says what came of it, is not.
#[test]
fn cut_off_in_the_middle() {
    for (format, text, tests) in [
        (
            Format::Ctrf,
            r#"{"results":{"tool":{"name":"x"},"tests":[{"name":"a","status":"passed"},{"name":"b","stat"#,
            1,
        ),
        (Format::K6, r#"{"metrics":{"vus":{"thresholds":{"a":false}},"iterations":{"thresholds":{"b"#, 1),
        (Format::Playwright, r#"{"suites":[{"title":"a","specs":[{"title":"t","tests":[{"status":"expected"}]},{"#, 1),
        (Format::Xunit, "<assemblies><assembly><collection><test name='a' result='Pass'/><test name='b'", 1),
        (
            Format::Robot,
            "<robot><suite name='s'><test name='a'><status status='PASS'/></test><test name='b'><status",
            1,
        ),
    ] {
        let report = read(format, text);
        assert_eq!((report.counts().tests, codes(&report)), (tests, vec![W::Truncated]), "{text}");
    }
    let report =
        read(Format::Ctrf, r#"{"reportFormat":"CTRF","results":{"tests":[{"name":"a","status":"passed"}]}} trailing"#);
    assert_eq!((report.counts().tests, codes(&report)), (1, vec![W::Malformed]));
}

#[test]
fn what_is_no_report_is_said() {
    for (text, name, want) in [
        ("", "a.xml", "the report is empty"),
        (" \n", "a.tap", "the report is empty"),
        (
            "<html/>",
            "junit.xml",
            "the format of the report is not known; these are: JUnit XML, go test -json, TAP, TRX,",
        ),
        ("{\"a\": 1}", "report.json", "the format of the report is not known"),
    ] {
        let error = parse::report(text.as_bytes(), name).expect_err(text).to_string();
        assert!(error.starts_with(want), "{error}");
    }
    let error =
        parse::read(Format::Trx, "<testsuites/>".as_bytes(), &assay_report::Limits::default()).expect_err("no TRX");
    assert!(matches!(error, ParseError::WrongRoot { format: Format::Trx, .. }));
    assert_eq!(error.to_string(), "the report is not TRX: its root element is <testsuites>");
    assert_eq!(parse::report("ok 1\n1..1\nnoise\n".as_bytes(), "run.tap").expect("TAP").format, Format::Tap);
}
