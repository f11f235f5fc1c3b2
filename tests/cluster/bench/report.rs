//! The tables, with the targets beside the figures, and the file that is kept.

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::PathBuf;

use assay_cluster_tests::Place;

use crate::figures::{Findings, Sample, Subject, percentile};

/// What is measured, and how it is read from a sample.
type Line = (&'static str, fn(&Sample) -> Vec<f64>);

const LINES: [Line; 4] = [
    ("submit -> final, without the steps' own time", |sample| vec![sample.overhead()]),
    ("submit -> first user instruction", |sample| vec![sample.submit_to_first]),
    ("last user instruction -> final status", |sample| vec![sample.last_to_final]),
    ("between two steps", |sample| sample.gaps.clone()),
];

const MIB: f64 = 1024.0 * 1024.0;

/// Keeps everything as JSON.
pub fn keep(place: &Place, findings: &Findings) -> io::Result<PathBuf> {
    let folder = place.root().join("target");
    fs::create_dir_all(&folder)?;
    let file = folder.join("bench.json");
    fs::write(&file, serde_json::to_string_pretty(findings)?)?;
    Ok(file)
}

/// The tables.
pub fn tables(findings: &Findings) -> String {
    let mut text = String::new();
    times(&mut text, findings);
    others(&mut text, findings);
    targets(&mut text, findings);
    text
}

fn times(text: &mut String, findings: &Findings) {
    let count = findings.samples.iter().filter(|sample| sample.subject == Subject::Assay).count();
    line(text, &format!("n = {count} each, turn by turn, milliseconds"));
    for (what, read) in LINES {
        line(text, &format!("\n{what:<48} {:>9} {:>9} {:>9}", "p50", "p90", "p99"));
        for subject in Subject::ALL {
            let values = values(findings, subject, read);
            if values.is_empty() {
                continue;
            }
            let cells = [0.5, 0.9, 0.99].map(|share| format!("{:>9.1}", percentile(&values, share)));
            line(text, &format!("  {:<46} {}", subject.title(), cells.join(" ")));
        }
    }
}

fn others(text: &mut String, findings: &Findings) {
    let Findings { memory, writes, sizes, .. } = findings;
    line(text, "\nmemory, MiB");
    let memories = [
        ("manager, idle", memory.manager),
        ("manager, streaming", memory.manager_streaming),
        ("runner, waiting", memory.waiting),
        ("runner, waiting, its own pages", memory.waiting_alone),
        ("leader, streaming", memory.leader_streaming),
        ("step's runner, streaming", memory.step_streaming),
    ];
    for (what, bytes) in memories {
        line(text, &format!("  {what:<46} {:>9.2}", bytes as f64 / MIB));
    }
    line(text, "\nwrites to the API server for each execution");
    for (what, number) in
        [("ours", writes.own), ("of all writers", writes.all), ("of all for a raw Job", writes.raw_job)]
    {
        line(text, &format!("  {what:<46} {number:>9.1}"));
    }
    line(text, "\nsizes, MiB");
    for (what, bytes) in sizes {
        line(text, &format!("  {what:<46} {:>9.2}", *bytes as f64 / MIB));
    }
}

/// A figure and the limit that it should keep.
struct Target {
    what: &'static str,
    found: f64,
    limit: f64,
    unit: &'static str,
    /// More is better.
    least: bool,
}

fn targets(text: &mut String, findings: &Findings) {
    line(text, &format!("\n{:<56} {:>10} {:>12}", "target", "found", "wanted"));
    for target in all_targets(findings) {
        let Target { what, found, limit, unit, least } = target;
        let met = if least { found >= limit } else { found <= limit };
        let sign = if least { '>' } else { '<' };
        let wanted = format!("{sign}= {limit}{unit}");
        line(text, &format!("{what:<56} {found:>10.2} {wanted:>12}  {}", if met { "met" } else { "MISSED" }));
    }
}

fn all_targets(findings: &Findings) -> Vec<Target> {
    let p = |subject, (_, read): Line, share| percentile(&values(findings, subject, read), share);
    let most = |what, found, limit, unit| Target { what, found, limit, unit, least: false };
    let ratio = |line, to| p(Subject::Assay, line, 0.5) / p(to, line, 0.5);
    let memory = &findings.memory;
    let layer =
        findings.sizes.iter().find(|(name, _)| name == "layers of image runner").map_or(f64::NAN, |size| size.1 as f64);
    vec![
        most("submit -> final, 1 step, of a raw Job's", ratio(LINES[0], Subject::RawJob), 0.23, "x"),
        most("submit -> first instruction, of a raw Pod's", ratio(LINES[1], Subject::RawPod), 1.2, "x"),
        most("last exit -> final, p50", p(Subject::Assay, LINES[2], 0.5), 25.0, "ms"),
        most("last exit -> final, p99", p(Subject::Assay, LINES[2], 0.99), 100.0, "ms"),
        most("between two steps in one container, p50", p(Subject::AssayOneImage, LINES[3], 0.5), 2.0, "ms"),
        most("between two steps of two images, p50", p(Subject::AssayTwoImages, LINES[3], 0.5), 5.0, "ms"),
        most("10 instant steps in 2 images, p50", p(Subject::AssayTwoImages, LINES[0], 0.5), 1000.0, "ms"),
        most("own writes to the API server", findings.writes.own, 4.0, ""),
        most("runner: image layer", layer / MIB, 4.0, "MiB"),
        most("runner: memory, waiting", memory.waiting as f64 / MIB, 2.0, "MiB"),
        most("runner: memory, streaming (leader)", memory.leader_streaming as f64 / MIB, 8.0, "MiB"),
        most("runner: memory, streaming (step)", memory.step_streaming as f64 / MIB, 8.0, "MiB"),
        Target { least: true, ..most("log ingest, one stream, p50", percentile(&findings.ingest, 0.5), 150.0, "MB/s") },
        most("1,000 files of 10 KB: last exit -> final, p50", percentile(&findings.artifacts, 0.5), 1500.0, "ms"),
    ]
}

fn values(findings: &Findings, subject: Subject, read: fn(&Sample) -> Vec<f64>) -> Vec<f64> {
    findings.samples.iter().filter(|sample| sample.subject == subject).flat_map(read).collect()
}

fn line(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a string takes every line");
}
