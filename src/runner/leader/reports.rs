//! Test reports among collected files: found by their content, whatever their names.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};

use assay_protocol::control::Collected;
use assay_report::{Case, Counts, Limits, Suite, Summary, TestReport, WarningCode, parse};

use super::sources::Sources;

/// Enough of a file to tell its format.
const HEAD_BYTES: u64 = parse::HEAD as u64;
/// Longest report that is read.
const LONGEST: u64 = 256 * 1024 * 1024;
/// Bytes of all reports of one attempt: more would take longer than step containers wait for a sign of life.
const LONGEST_TOGETHER: u64 = 1024 * 1024 * 1024;
/// Failures listed in a progress.
const FAILURES: usize = 10;
/// Warnings told per report.
const WARNINGS: usize = 5;
/// What is kept of all reports of a run together; beyond it tests are counted. All of it is
/// in memory once as reports and once as the document that is sent, in a container of 128 MiB.
const BUDGET: Limits = Limits { cases: 40_000, suites: 10_000, text: 16 * 1024 * 1024 };

/// The reports of a run, by step; only those of the last attempt count.
#[derive(Debug)]
pub(super) struct Reports {
    sources: Sources,
    by_step: Vec<Vec<Entry>>,
    summary: Option<Summary>,
}

#[derive(Debug)]
struct Entry {
    source: String,
    report: TestReport,
}

impl Entry {
    /// Whether both were read from one file with one content. What was cut to fit can only be told by its counts.
    fn is_like(&self, other: &Self) -> bool {
        let cut = |entry: &Self| entry.report.warnings.iter().any(|it| it.code == WarningCode::LimitReached);
        let alike = || (cut(self) || cut(other)) && self.report.counts() == other.report.counts();
        self.source == other.source && (self.report == other.report || alike())
    }
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
        let by_step = std::iter::repeat_with(Vec::new).take(steps).collect();
        Self { sources, by_step, summary: None }
    }

    /// Reads the reports among an attempt's files in place of the step's earlier ones.
    pub(super) fn read(&mut self, step: u16, files: &[Collected]) -> Reading {
        self.by_step[usize::from(step)].clear();
        let mut reading = Reading::default();
        let (mut left, mut bytes) = (self.left(), LONGEST_TOGETHER);
        for file in files {
            match self.read_one(file, &left, &mut bytes) {
                Ok(Some(report)) => {
                    reading.counts.get_or_insert_default().add(&report.counts());
                    let warnings = report.warnings.iter().take(WARNINGS);
                    reading.notes.extend(warnings.map(|warning| format!("report {}: {warning}", file.name)));
                    spend(&mut left, &report);
                    self.by_step[usize::from(step)].push(Entry { source: file.source.clone(), report });
                }
                Ok(None) => {}
                Err(why) => reading.notes.push(format!("report {} could not be read: {why}", file.name)),
            }
        }
        self.sum_up();
        reading
    }

    /// What may still be kept.
    fn left(&self) -> Limits {
        let mut left = BUDGET;
        self.by_step.iter().flatten().for_each(|entry| spend(&mut left, &entry.report));
        left
    }

    /// The reports of a step's last attempt no longer count: another attempt begins.
    pub(super) fn forget(&mut self, step: u16) {
        if !self.by_step[usize::from(step)].is_empty() {
            self.by_step[usize::from(step)].clear();
            self.sum_up();
        }
    }

    fn read_one(&self, file: &Collected, left: &Limits, bytes: &mut u64) -> Result<Option<TestReport>, String> {
        // The leader knows no secrets: who collected the report has masked it.
        let Ok(mut open) = self.sources.open(file.masked.as_ref().unwrap_or(&file.source)) else {
            // Whether it was a report is not known; keeping it as an artifact will tell.
            return Ok(None);
        };
        let mut head = Vec::new();
        open.by_ref().take(HEAD_BYTES).read_to_end(&mut head).map_err(|error| error.to_string())?;
        let Some(format) = parse::detect_named(&head, &file.name) else { return Ok(None) };
        if file.size > LONGEST {
            return Err(format!("it is longer than {} MiB", LONGEST / 1024 / 1024));
        }
        *bytes = bytes.checked_sub(file.size).ok_or_else(|| {
            format!("the reports of one attempt have at most {} MiB together", LONGEST_TOGETHER / 1024 / 1024)
        })?;
        let whole = BufReader::new(io::Cursor::new(head).chain(open).take(LONGEST));
        let mut report = parse::read(format, whole, left).map_err(|error| error.to_string())?;
        if left.cases == 0 || left.suites == 0 || left.text == 0 {
            let suite = Suite { name: file.name.clone(), counts: report.counts(), ..Suite::default() };
            report.suites = vec![suite];
            report.warn(WarningCode::LimitReached, "the run has more tests than are kept; all are counted");
        }
        Ok(Some(report))
    }

    fn sum_up(&mut self) {
        let summaries = unique(self.by_step.iter().flatten()).into_iter().map(|entry| entry.report.summary(FAILURES));
        self.summary = summaries.reduce(|mut sum, more| {
            sum.add(more, FAILURES);
            sum
        });
    }

    /// All reports as one, at the end: they are not kept any longer.
    pub(super) fn take(&mut self) -> Option<TestReport> {
        let entries: Vec<Entry> = std::mem::take(&mut self.by_step).into_iter().flatten().collect();
        let mut fresh = unique(entries.iter()).into_iter().peekable();
        let keep: Vec<bool> =
            entries.iter().map(|entry| fresh.next_if(|next| std::ptr::eq(*next, entry)).is_some()).collect();
        let reports = entries.into_iter().zip(keep).filter(|(_, keep)| *keep).map(|(entry, _)| entry.report);
        reports.reduce(|mut merged, more| {
            merged.merge(more);
            merged
        })
    }

    /// The same in short.
    pub(super) fn summary(&self) -> Option<&Summary> {
        self.summary.as_ref()
    }
}

/// A file that two steps collected counts once.
fn unique<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<&'a Entry> {
    let mut by_source: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    entries
        .filter(|entry| {
            let same_file = by_source.entry(&entry.source).or_default();
            let fresh = !same_file.iter().any(|other| other.is_like(entry));
            if fresh {
                same_file.push(entry);
            }
            fresh
        })
        .collect()
}

/// Takes what a report keeps from what may be kept.
fn spend(left: &mut Limits, report: &TestReport) {
    let names: usize = report.suites.iter().map(|suite| suite.name.len()).sum();
    let text: usize = report.cases().map(weight).sum();
    left.suites = left.suites.saturating_sub(report.suites.len());
    left.cases = left.cases.saturating_sub(report.cases().count());
    left.text = left.text.saturating_sub(names + text);
}

fn weight(case: &Case) -> usize {
    let texts = [&case.class, &case.file, &case.message, &case.details];
    let texts: usize = texts.into_iter().flatten().map(String::len).sum();
    case.suite.len() + case.name.len() + texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(dir: &std::path::Path, name: &str, cases: std::ops::Range<u32>) -> Collected {
        let cases: String = cases.map(|number| format!("<testcase name='t{number}'><failure/></testcase>")).collect();
        let path = dir.join(name);
        std::fs::write(&path, format!("<testsuite name='s'>{cases}</testsuite>")).expect("a file");
        let size = path.metadata().expect("a file").len();
        Collected { name: name.to_owned(), source: path.display().to_string(), size, masked: None }
    }

    #[test]
    fn a_file_that_two_steps_collect_counts_once_and_order_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut reports = Reports::new(Sources::new(vec![dir.path().to_owned()]), 2);
        let (z, a) = (collected(dir.path(), "z.xml", 0..3), collected(dir.path(), "a.xml", 3..5));
        reports.read(0, std::slice::from_ref(&z));
        assert_eq!(reports.read(1, &[z.clone(), a]).counts.expect("reports").tests, 5);
        assert_eq!(reports.summary().expect("reports").counts.tests, 5);
        let merged = reports.take().expect("reports");
        assert_eq!(merged.cases().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["t0", "t1", "t2", "t3", "t4"]);
    }

    #[test]
    fn what_is_kept_of_a_run_is_bounded_and_everything_is_counted() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut reports = Reports::new(Sources::new(vec![dir.path().to_owned()]), 2);
        let files: Vec<_> = (0..4).map(|part| collected(dir.path(), &format!("{part}.xml"), 0..15_000)).collect();
        reports.read(0, &files);
        let reading = reports.read(1, &files[3..]);
        assert_eq!(reading.counts.expect("reports").failed, 15_000);
        let summary = reports.summary().expect("reports");
        assert_eq!((summary.counts.failed, summary.failures.len()), (60_000, FAILURES), "the last file counts once");
        assert!(reports.take().expect("reports").cases().count() < 50_000);
    }

    #[test]
    fn an_attempt_without_reports_forgets_those_of_the_last() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut reports = Reports::new(Sources::new(vec![dir.path().to_owned()]), 1);
        reports.read(0, &[collected(dir.path(), "a.xml", 0..3)]);
        reports.forget(0);
        assert!(reports.summary().is_none() && reports.take().is_none());
    }
}
