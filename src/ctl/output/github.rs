//! What GitHub's runners understand: annotations on lines of standard output,
//! and a summary in Markdown. Both are made of text that tests wrote, so both
//! are escaped.

use std::io::Write;
use std::path::PathBuf;

use assay_report::{Case, Counts, TestReport};

use crate::output::terminal::plain;

/// GitHub shows no more of one kind for a step.
const ANNOTATIONS: usize = 50;
/// Failed tests in a summary.
const FAILURES: usize = 100;
/// GitHub refuses larger summaries as a whole.
const SUMMARY: usize = 512 * 1024;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// An error.
    Error,
    /// A warning.
    Warning,
}

/// Where an annotation belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Spot<'a> {
    /// File, relative to the root of the repository.
    pub(crate) file: Option<&'a str>,
    /// Line, from 1.
    pub(crate) line: Option<usize>,
    /// Column, from 1.
    pub(crate) column: Option<usize>,
}

/// One annotation, without a line end.
pub(crate) fn annotation(level: Level, spot: Spot<'_>, title: &str, message: &str) -> String {
    let word = match level {
        Level::Error => "error",
        Level::Warning => "warning",
    };
    let mut properties = Vec::new();
    properties.extend(spot.file.map(|file| format!("file={}", property(file))));
    properties.extend(spot.line.map(|line| format!("line={line}")));
    properties.extend(spot.column.map(|column| format!("col={column}")));
    if !title.is_empty() {
        properties.push(format!("title={}", property(title)));
    }
    let gap = if properties.is_empty() { "" } else { " " };
    format!("::{word}{gap}{}::{}", properties.join(","), data(message))
}

/// An annotation for each failed test, as many as are shown.
pub(crate) fn annotations(report: &TestReport) -> Vec<String> {
    let bad: Vec<&Case> = report.cases().filter(|case| case.outcome.is_bad()).collect();
    let mut lines: Vec<String> = bad.iter().take(ANNOTATIONS).map(|case| failed(case)).collect();
    let more = bad.len().saturating_sub(ANNOTATIONS);
    if more > 0 {
        lines.push(annotation(Level::Error, Spot::default(), "", &format!("and {more} more tests failed")));
    }
    lines
}

fn failed(case: &Case) -> String {
    let line = case.line.and_then(|line| usize::try_from(line).ok());
    let spot = Spot { file: case.file.as_deref(), line, column: None };
    let said = [case.message.as_deref(), case.details.as_deref()];
    let message = said.into_iter().flatten().collect::<Vec<_>>().join("\n");
    let message = if message.is_empty() { case.outcome.to_string() } else { message };
    annotation(Level::Error, spot, &title(case), &message)
}

fn title(case: &Case) -> String {
    let group = case.class.as_deref().filter(|class| !class.is_empty()).unwrap_or(&case.suite);
    if group.is_empty() { plain(&case.name) } else { plain(&format!("{group} › {}", case.name)) }
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line after which the runner obeys nothing that is printed, and the line that ends it.
pub(crate) fn fence() -> (String, String) {
    let token = crate::random::letters(24);
    (format!("::stop-commands::{token}"), format!("::{token}::"))
}

/// The summary in Markdown: a heading, the counts, the failed tests.
pub(crate) fn summary(heading: &str, sentence: Option<&str>, report: &TestReport) -> String {
    let mut out = format!("### {}\n\n", text(heading));
    if let Some(sentence) = sentence {
        out.push_str(&format!("{}\n\n", text(sentence)));
    }
    let counts = report.counts();
    if counts != Counts::default() {
        let Counts { tests, passed, failed, errored, skipped, flaky } = counts;
        out.push_str("| tests | passed | failed | errored | skipped | flaky |\n|---:|---:|---:|---:|---:|---:|\n");
        out.push_str(&format!("| {tests} | {passed} | {failed} | {errored} | {skipped} | {flaky} |\n\n"));
    }
    let bad: Vec<&Case> = report.cases().filter(|case| case.outcome.is_bad()).collect();
    for case in bad.iter().take(FAILURES) {
        let message = case.message.as_deref().and_then(|message| message.lines().next()).unwrap_or_default();
        out.push_str(&format!("- **{}** {}\n", text(&title(case)), text(message)));
    }
    let more = bad.len().saturating_sub(FAILURES);
    if more > 0 {
        out.push_str(&format!("- and {more} more\n"));
    }
    if out.len() > SUMMARY {
        let end = (0..=SUMMARY).rev().find(|at| out.is_char_boundary(*at)).unwrap_or(0);
        out.truncate(end);
        out.push_str("…\n");
    }
    out
}

/// One line of text that is neither Markdown nor HTML.
fn text(raw: &str) -> String {
    let mut out = String::new();
    for character in plain(raw).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '#' | '|' | '~' | '!' | '@' | ':' => {
                out.push_str(&format!("&#{};", u32::from(character)));
            }
            _ => out.push(character),
        }
    }
    out
}

/// The file into which the runner wants the summary.
pub(crate) fn summary_file() -> Option<PathBuf> {
    std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// Appends a summary to the file.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn append(path: &std::path::Path, summary: &str) -> std::io::Result<()> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)?.write_all(summary.as_bytes())
}

#[cfg(test)]
mod tests {
    use assay_report::{Outcome, Suite};

    use super::*;

    fn report(message: &str) -> TestReport {
        let case = Case {
            suite: "s".into(),
            class: None,
            name: "n: a,b".into(),
            file: Some("src/a,b.rs".into()),
            line: Some(3),
            seconds: None,
            outcome: Outcome::Failed,
            message: Some(message.to_owned()),
            details: None,
            flaky: false,
        };
        let mut counts = Counts::default();
        counts.record(Outcome::Failed, false);
        TestReport {
            suites: vec![Suite { name: "s".into(), counts, seconds: 0.0, cases: vec![case] }],
            warnings: vec![],
        }
    }

    #[test]
    fn an_annotation_is_one_line_whatever_a_test_prints() {
        let lines = annotations(&report("50%\n::set-env name=x::y\r\n::add-mask::z"));
        assert_eq!(
            lines,
            ["::error file=src/a%2Cb.rs,line=3,title=s › n%3A a%2Cb::50%25%0A::set-env name=x::y%0D%0A::add-mask::z"]
        );
        let spot = Spot { file: Some("a.yaml"), line: Some(1), column: Some(2) };
        assert_eq!(annotation(Level::Warning, spot, "", "m"), "::warning file=a.yaml,line=1,col=2::m");
        assert_eq!(annotation(Level::Error, Spot::default(), "", "m"), "::error::m");
    }

    #[test]
    fn a_summary_has_no_markup_but_ours() {
        let text = summary("a <b>", Some("1 of 1\x1b[2J failed"), &report("<img src=x> [x](http://y) `z` |\nmore"));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn nobody_can_guess_the_end_of_a_fence() {
        let ((begin, end), (other, _)) = (fence(), fence());
        assert_ne!(begin, other);
        assert_eq!(
            begin.strip_prefix("::stop-commands::"),
            end.strip_prefix("::").and_then(|end| end.strip_suffix("::"))
        );
    }
}
