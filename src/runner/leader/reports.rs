//! Test reports among collected files: found by their content, whatever their names.

use std::io::{self, BufReader, Read};

use assay_protocol::control::Collected;
use assay_report::parse::{self, Format};
use assay_report::{Counts, Summary, TestReport};

use super::sources::Sources;

/// Enough of a file to tell its format.
const HEAD_BYTES: u64 = 8 * 1024;
/// Longest report that is read.
const LONGEST: u64 = 256 * 1024 * 1024;
/// Failures listed in a progress.
const FAILURES: usize = 10;
/// Warnings told per report.
const WARNINGS: usize = 5;

/// The reports of a run, by step; only those of the last attempt count.
#[derive(Debug)]
pub(super) struct Reports {
    sources: Sources,
    by_step: Vec<Vec<(String, TestReport)>>,
    summary: Option<Summary>,
}

/// What reading an attempt's files came to.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Over all reports among them; `None` without any.
    pub(super) counts: Option<Counts>,
    /// What is to be told.
    pub(super) notes: Vec<String>,
}

impl Reports {
    pub(super) fn new(sources: Sources, steps: usize) -> Self {
        Self { sources, by_step: vec![Vec::new(); steps], summary: None }
    }

    /// Reads the reports among an attempt's files in place of the step's earlier ones.
    pub(super) fn read(&mut self, step: u16, files: &[Collected]) -> Reading {
        let mut reading = Reading::default();
        let mut reports = Vec::new();
        for file in files {
            match self.read_one(file) {
                Ok(Some(report)) => {
                    reading.counts.get_or_insert_default().add(&report.counts());
                    let warnings = report.warnings.iter().take(WARNINGS);
                    reading.notes.extend(warnings.map(|warning| format!("report {}: {warning}", file.name)));
                    reports.push((file.source.clone(), report));
                }
                Ok(None) => {}
                Err(why) => reading.notes.push(format!("report {} could not be read: {why}", file.name)),
            }
        }
        if self.by_step[usize::from(step)] != reports {
            self.by_step[usize::from(step)] = reports;
            self.summary = self.merged().map(|merged| merged.summary(FAILURES));
        }
        reading
    }

    fn read_one(&self, file: &Collected) -> Result<Option<TestReport>, String> {
        let Ok(mut open) = self.sources.open(&file.source) else {
            // Whether it was a report is not known; keeping it as an artifact will tell.
            return Ok(None);
        };
        let mut head = Vec::new();
        open.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| error.to_string())?;
        let Some(Format::Junit) = parse::detect(&head) else { return Ok(None) };
        if file.size > LONGEST {
            return Err(format!("it is longer than {} MiB", LONGEST / 1024 / 1024));
        }
        let whole = BufReader::new(io::Cursor::new(head).chain(open).take(LONGEST));
        parse::junit(whole).map(Some).map_err(|error| error.to_string())
    }

    /// All reports as one; a file that two steps collected counts once.
    pub(super) fn merged(&self) -> Option<TestReport> {
        let mut seen: Vec<&(String, TestReport)> = Vec::new();
        for entry in self.by_step.iter().flatten() {
            if !seen.contains(&entry) {
                seen.push(entry);
            }
        }
        let mut reports = seen.into_iter().map(|(_, report)| report.clone());
        let mut merged = reports.next()?;
        reports.for_each(|report| merged.merge(report));
        Some(merged)
    }

    /// The same in short.
    pub(super) fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }
}
