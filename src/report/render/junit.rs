//! JUnit XML as we export it: the dialect that most readers agree on.

use std::fmt::Write;

use crate::counts::Counts;
use crate::model::{Case, Suite, TestReport};
use crate::outcome::Outcome;

/// The report as JUnit XML, a `testsuites` root with flat suites. Reading it
/// back gives the same names, outcomes and counts.
#[must_use]
pub fn junit(report: &TestReport) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites");
    let seconds: f64 = report.suites.iter().map(|suite| suite.seconds).sum();
    totals(&mut out, &report.counts(), seconds);
    out.push_str(">\n");
    for whole in &report.suites {
        suite(&mut out, whole);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, suite: &Suite) {
    out.push_str("  <testsuite");
    attribute(out, "name", &suite.name);
    totals(out, &suite.counts, suite.seconds);
    out.push_str(">\n");
    for one in &suite.cases {
        case(out, one);
    }
    out.push_str("  </testsuite>\n");
}

fn totals(out: &mut String, counts: &Counts, seconds: f64) {
    let Counts { tests, failed, errored, skipped, .. } = counts;
    append(
        out,
        format_args!(
            " tests=\"{tests}\" failures=\"{failed}\" errors=\"{errored}\" skipped=\"{skipped}\" time=\"{seconds:.3}\""
        ),
    );
}

fn case(out: &mut String, case: &Case) {
    out.push_str("    <testcase");
    if let Some(class) = &case.class {
        attribute(out, "classname", class);
    }
    attribute(out, "name", &case.name);
    if let Some(file) = &case.file {
        attribute(out, "file", file);
    }
    if let Some(line) = case.line {
        append(out, format_args!(" line=\"{line}\""));
    }
    if let Some(seconds) = case.seconds {
        append(out, format_args!(" time=\"{seconds:.6}\""));
    }
    let element = match case.outcome {
        Outcome::Failed => "failure",
        Outcome::Errored => "error",
        Outcome::Skipped => "skipped",
        Outcome::Passed if case.flaky => "flakyFailure",
        Outcome::Passed => return out.push_str("/>\n"),
    };
    append(out, format_args!(">\n      <{element}"));
    if let Some(message) = &case.message {
        attribute(out, "message", message);
    }
    match &case.details {
        Some(details) => {
            out.push('>');
            escape(out, details);
            append(out, format_args!("</{element}>\n"));
        }
        None => out.push_str("/>\n"),
    }
    out.push_str("    </testcase>\n");
}

fn attribute(out: &mut String, name: &str, value: &str) {
    append(out, format_args!(" {name}=\""));
    escape(out, value);
    out.push('"');
}

fn append(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string does not fail");
}

/// Escapes for text and attributes alike; a character that XML cannot carry
/// becomes U+FFFD. Line ends are written as references, since an attribute
/// loses them otherwise.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_in_full() {
        let case = Case {
            suite: "s & t".into(),
            class: Some("c".into()),
            name: "<n>".into(),
            file: Some("f.rs".into()),
            line: Some(3),
            seconds: Some(0.5),
            outcome: Outcome::Failed,
            message: Some("a\n\"b\"".into()),
            details: Some("at ]]> \u{1}".into()),
            flaky: false,
        };
        let mut counts = Counts::default();
        counts.record(Outcome::Failed, false);
        let suite = Suite { name: "s & t".into(), counts, seconds: 0.5, cases: vec![case] };
        let xml = junit(&TestReport { suites: vec![suite], warnings: vec![] });
        assert_eq!(
            xml,
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="1" failures="1" errors="0" skipped="0" time="0.500">
  <testsuite name="s &amp; t" tests="1" failures="1" errors="0" skipped="0" time="0.500">
    <testcase classname="c" name="&lt;n&gt;" file="f.rs" line="3" time="0.500000">
      <failure message="a&#10;&quot;b&quot;">at ]]&gt; �</failure>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }
}
