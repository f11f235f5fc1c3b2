//! The table with the targets beside the figures, and the file that is kept.

use std::fmt::Write;
use std::fs;
use std::io;

use assay_cluster_tests::Place;

use crate::figures::{Sample, Subject, percentile};

/// One line of the table: what is measured, and how it is read from a sample.
type Line = (&'static str, fn(&Sample) -> f64);

const LINES: [Line; 3] = [
    ("submit -> final, without the step's own time", Sample::overhead),
    ("submit -> first user instruction", |sample| sample.submit_to_first),
    ("last user instruction -> final status", |sample| sample.last_to_final),
];

/// Keeps every sample as JSON under `target/bench/`.
pub fn keep(place: &Place, samples: &[Sample]) -> io::Result<()> {
    let folder = place.root().join("target/bench");
    fs::create_dir_all(&folder)?;
    let text = serde_json::to_string_pretty(samples)?;
    fs::write(folder.join("first-life.json"), text)
}

/// The table.
pub fn table(samples: &[Sample]) -> String {
    let mut text = String::new();
    let count = samples.iter().filter(|sample| sample.subject == Subject::Assay).count();
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes every line");
    line(format!("n = {count} each, turn by turn, milliseconds\n"));
    line(format!("{:<46} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "job p50", "p90", "p99", "assay p50", "p90", "p99"));
    for (what, read) in LINES {
        let cells: Vec<String> = [Subject::RawJob, Subject::Assay]
            .into_iter()
            .flat_map(|subject| [0.5, 0.9, 0.99].map(|share| format!("{:>9.1}", at(samples, subject, read, share))))
            .collect();
        line(format!("{what:<46} {}", cells.join(" ")));
    }
    let ratio = |(_, read): Line| at(samples, Subject::Assay, read, 0.5) / at(samples, Subject::RawJob, read, 0.5);
    line(String::new());
    line(format!("submit -> final: {:.2} x a raw Job (target 0.23)", ratio(LINES[0])));
    line(format!("submit -> first instruction: {:.2} x a raw Job's pod (target 1.2)", ratio(LINES[1])));
    line(format!(
        "last exit -> final: p50 {:.1} ms (target 25), p99 {:.1} ms (target 100)",
        at(samples, Subject::Assay, LINES[2].1, 0.5),
        at(samples, Subject::Assay, LINES[2].1, 0.99)
    ));
    text
}

fn at(samples: &[Sample], subject: Subject, read: fn(&Sample) -> f64, share: f64) -> f64 {
    let values: Vec<f64> = samples.iter().filter(|sample| sample.subject == subject).map(read).collect();
    percentile(&values, share)
}
