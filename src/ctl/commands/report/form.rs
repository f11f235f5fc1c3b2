//! The forms of a test report.

use assay_report::{Case, Counts, Suite, TestReport, render};
use clap::ValueEnum;

use crate::failure::Failure;
use crate::output::github::{self, Level, Spot};
use crate::output::screen::{Screen, paint};
use crate::output::table::{Cell, table};
use crate::output::terminal::{plain, strip};

/// Failed tests that are shown to people.
const FAILURES: usize = 100;
/// Suites that are shown to people.
const SUITES: usize = 200;

/// Forms of `report`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportOutput {
    /// The suites and the failed tests.
    #[default]
    Table,
    /// Counts and failed tests, without colours.
    Text,
    /// The whole report.
    Json,
    /// JUnit XML.
    Junit,
    /// Annotations for GitHub's runners, and a summary in `GITHUB_STEP_SUMMARY`.
    Github,
}

/// Prints a report.
///
/// # Errors
/// When nobody reads.
pub(super) fn show(report: &TestReport, title: &str, form: ReportOutput, screen: &mut Screen) -> Result<(), Failure> {
    let text = match form {
        ReportOutput::Table => people(report),
        ReportOutput::Text => strip(&render::text(report, FAILURES)),
        ReportOutput::Junit => render::junit(report),
        ReportOutput::Json => crate::output::yaml::of_object(report, true)?,
        ReportOutput::Github => github(report, title, screen)?,
    };
    screen.data(&text)?;
    if !text.is_empty() && !text.ends_with('\n') {
        screen.data("\n")?;
    }
    Ok(())
}

fn github(report: &TestReport, title: &str, screen: &mut Screen) -> Result<String, Failure> {
    let mut lines = github::annotations(report);
    let odd = report.warnings.iter();
    lines.extend(odd.map(|odd| github::annotation(Level::Warning, Spot::default(), title, &plain(&odd.to_string()))));
    if let Some(path) = github::summary_file() {
        let summary = github::summary(title, None, report);
        if let Err(error) = github::append(&path, &summary) {
            screen.note(&format!("the summary cannot be written to {}: {error}", path.display()))?;
        }
    }
    Ok(lines.into_iter().map(|line| format!("{line}\n")).collect())
}

/// The suites as a table, then what failed, then what was odd.
fn people(report: &TestReport) -> String {
    let head = ["SUITE", "TESTS", "PASSED", "FAILED", "ERRORED", "SKIPPED", "FLAKY", "TIME"];
    let mut rows: Vec<Vec<Cell>> = report.suites.iter().take(SUITES).map(row).collect();
    if report.suites.len() > 1 {
        let seconds = report.suites.iter().map(|suite| suite.seconds).sum();
        rows.push(counted("all", &report.counts(), seconds));
    }
    let mut out = table(&head, rows);
    if report.suites.len() > SUITES {
        out.push_str(&format!("and {} more suites\n", report.suites.len() - SUITES));
    }
    let bad: Vec<&Case> = report.cases().filter(|case| case.outcome.is_bad()).collect();
    for (at, case) in bad.iter().take(FAILURES).enumerate() {
        if at == 0 {
            out.push('\n');
        }
        let group = case.class.as_deref().unwrap_or(&case.suite);
        let name = if group.is_empty() { plain(&case.name) } else { plain(&format!("{group} › {}", case.name)) };
        let place = case.file.as_deref().map(|file| match case.line {
            Some(line) => format!(" ({}:{line})", plain(file)),
            None => format!(" ({})", plain(file)),
        });
        out.push_str(&format!("{} {name}{}\n", paint::red("✖"), paint::dim(&place.unwrap_or_default())));
        for line in case.message.as_deref().unwrap_or_default().lines().take(5) {
            out.push_str(&format!("    {}\n", plain(line)));
        }
    }
    let more = bad.len().saturating_sub(FAILURES);
    if more > 0 {
        out.push_str(&format!("and {more} more\n"));
    }
    for odd in &report.warnings {
        out.push_str(&format!("{} {}\n", paint::yellow("warning:"), plain(&odd.to_string())));
    }
    out
}

fn row(suite: &Suite) -> Vec<Cell> {
    let name = plain(&suite.name);
    counted(if name.is_empty() { "-" } else { &name }, &suite.counts, suite.seconds)
}

fn counted(name: &str, counts: &Counts, seconds: f64) -> Vec<Cell> {
    let Counts { tests, passed, failed, errored, skipped, flaky } = counts;
    let mut row: Vec<Cell> = vec![name.into()];
    row.extend([tests, passed, failed, errored, skipped, flaky].map(|count| count.to_string().into()));
    row.push(format!("{seconds:.2}s").into());
    row
}

#[cfg(test)]
mod tests {
    use assay_report::parse::junit;

    use super::*;

    const XML: &str = r#"<testsuites><testsuite name="api"><testcase name="ok" classname="c" time="0.5"/>
        <testcase name="bad" classname="c" file="api/test.py" line="7"><failure message="1 != 2&#10;::error::x">at line 7</failure></testcase></testsuite>
        <testsuite name="web"><testcase name="skipped"><skipped/></testcase><testcase name="broken"><error message="boom"/></testcase></testsuite></testsuites>"#;

    fn shown(form: ReportOutput) -> String {
        let report = junit(XML.as_bytes()).expect("a report");
        let (mut screen, data, _) = Screen::memory();
        show(&report, "it-1", form, &mut screen).expect("memory");
        anstream::adapter::strip_str(&data.text()).to_string()
    }

    #[test]
    fn the_forms() {
        insta::assert_snapshot!("table", shown(ReportOutput::Table));
        insta::assert_snapshot!("text", shown(ReportOutput::Text));
        insta::assert_snapshot!("github", shown(ReportOutput::Github));
        let json: serde_json::Value = serde_json::from_str(&shown(ReportOutput::Json)).expect("JSON");
        assert_eq!(json["suites"][0]["counts"]["failed"], 1);
        let again = junit(shown(ReportOutput::Junit).as_bytes()).expect("JUnit");
        assert_eq!(again.counts(), junit(XML.as_bytes()).expect("a report").counts());
    }
}
