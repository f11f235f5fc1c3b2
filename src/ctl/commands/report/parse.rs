//! `assay report parse`: report files of any known format, without a cluster.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use assay_report::parse::{ParseError, Parsed, report};
use assay_report::{TestReport, WarningCode};
use assay_telemetry::error_chain;
use clap::Args as ClapArgs;

use super::form::{ReportOutput, show};
use crate::exit;
use crate::failure::Failure;
use crate::output::screen::{Screen, paint};

/// Arguments of `report parse`.
#[derive(Clone, Debug, PartialEq, Eq, ClapArgs)]
pub(super) struct Parse {
    /// Report files; `-` for standard input. Several are put together.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Form of the output.
    #[arg(short, long, value_enum, default_value_t)]
    output: ReportOutput,
    /// Ends with exit code 1 when a test failed, or when a report is cut off: what is missing may have failed.
    #[arg(long)]
    fail: bool,
}

/// Prints what the files report.
///
/// # Errors
/// When none could be read as a report.
pub(super) fn parse(task: &Parse, screen: &mut Screen) -> Result<u8, Failure> {
    let mut whole = TestReport::default();
    let mut unreadable = 0usize;
    for path in &task.files {
        let label = path.display().to_string();
        match read(path) {
            Ok(parsed) => {
                screen.note(&paint::dim(&format!("{label}: {}", parsed.format)))?;
                whole.merge(parsed.report);
            }
            Err(error) => {
                unreadable += 1;
                screen.note(&format!("{} {label}: {}", paint::red("error:"), error_chain(&error)))?;
            }
        }
    }
    if unreadable < task.files.len() {
        show(&whole, &title(task), task.output, screen)?;
    }
    if unreadable > 0 {
        return Err(Failure::silent(exit::USAGE));
    }
    Ok(if task.fail && !is_clean(&whole) { exit::FAILED } else { exit::PASSED })
}

fn is_clean(report: &TestReport) -> bool {
    let cut_off = report.warnings.iter().any(|warning| warning.code == WarningCode::Truncated);
    report.counts().ran_clean() && !cut_off
}

fn title(task: &Parse) -> String {
    match task.files.as_slice() {
        [one] => one.display().to_string(),
        more => format!("{} reports", more.len()),
    }
}

fn read(path: &PathBuf) -> Result<Parsed, ParseError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path).map_err(ParseError::Read)?))
    };
    report(reader, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(texts: &[(&str, &str)], fail: bool) -> (Result<u8, u8>, String, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = Vec::new();
        for (name, text) in texts {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("a file");
            files.push(path);
        }
        let task = Parse { files, output: ReportOutput::Text, fail };
        let (mut screen, data, notes) = Screen::memory();
        let code = parse(&task, &mut screen).map_err(|failure| failure.code);
        (code, data.text(), notes.text())
    }

    #[test]
    fn several_formats_become_one_report() {
        let junit = "<testsuite name='a'><testcase name='x'/></testsuite>";
        let tap = "TAP version 13\n1..2\nok 1 - y\nnot ok 2 - z\n";
        let (code, data, notes) = parsed(&[("a.xml", junit), ("b.tap", tap)], false);
        assert_eq!(code, Ok(exit::PASSED));
        assert!(data.starts_with("3 tests: 2 passed, 1 failed\n"), "{data}");
        assert!(notes.contains("JUnit XML") && notes.contains("TAP"), "{notes}");
        assert_eq!(parsed(&[("b.tap", tap)], true).0, Ok(exit::FAILED));
        assert_eq!(parsed(&[("a.xml", junit)], true).0, Ok(exit::PASSED));
        let cut = "<testsuite name='a' tests='2'><testcase name='x'/><testcase name='y'><fail";
        assert_eq!(parsed(&[("c.xml", cut)], true).0, Ok(exit::FAILED), "it may have failed");
        assert_eq!(parsed(&[("c.xml", cut)], false).0, Ok(exit::PASSED));
    }

    #[test]
    fn what_is_no_report_is_said_and_the_rest_is_shown() {
        let junit = "<testsuite name='a'><testcase name='x'/></testsuite>";
        let (code, data, notes) = parsed(&[("a.xml", junit), ("b.txt", "hello"), ("c.xml", "")], false);
        assert_eq!(code, Err(exit::USAGE));
        assert!(data.starts_with("1 tests: 1 passed"), "{data}");
        assert!(notes.contains("b.txt") && notes.contains("the report is empty"), "{notes}");
        let (code, data, _) = parsed(&[("b.txt", "hello")], false);
        assert_eq!((code, data.as_str()), (Err(exit::USAGE), ""));
    }
}
