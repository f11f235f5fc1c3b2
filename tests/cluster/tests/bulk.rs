//! Output and files of full size: nothing is lost or changed, and the manager stays small.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use assay_cluster_tests::{Execution, Namespace, Place, PodSecurity, manager_pids};

const LIMIT: Duration = Duration::from_secs(400);
/// 200 MB in lines of 100 bytes.
const LINES: u64 = 2_000_000;
const LONG: usize = 10 * 1024 * 1024;
const BIG: u64 = 1024 * 1024 * 1024;
const SMALL_FILES: u64 = 10_000;
/// What the manager may take, in KiB; the chart's limit is 256 MiB.
const MEMORY: u64 = 128 * 1024;

fn run(spec: &str) -> (Namespace, Execution) {
    let namespace = Namespace::create(Place::shared(), "bulk", PodSecurity::Open).expect("a namespace");
    let head = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: it}\nspec:\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n";
    namespace.apply_text(&format!("{head}{spec}")).expect("the workflow is accepted");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let started = Instant::now();
    let execution = namespace.finished("it-1", LIMIT);
    let status = &execution.value()["status"];
    println!(
        "ended after {:.1} s, log {} bytes",
        started.elapsed().as_secs_f64(),
        execution.number("/status/log/bytes")
    );
    assert_eq!(execution.verdict().as_deref(), Some("passed"), "{status:#}");
    assert_eq!(status["log"]["complete"], true, "{status:#}");
    (namespace, execution)
}

/// The manager's memory now and at most, in KiB; nothing when the node is another machine.
fn memory() -> Option<(u64, u64)> {
    let status = fs::read_to_string(format!("/proc/{}/status", manager_pids().first()?)).ok()?;
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some((field("VmRSS:")?, field("VmHWM:")?))
}

fn is_bounded() {
    if let Some((now, most)) = memory() {
        println!("the manager has {} MiB resident, at most {} MiB", now / 1024, most / 1024);
        assert!(most < MEMORY, "the manager took {most} KiB");
    }
}

/// The log of a step, read line by line as it comes.
fn log_of(namespace: &Namespace, step: &str, mut each: impl FnMut(&[u8])) {
    let arguments = ["-n", namespace.name(), "logs", "it-1", "--step", step];
    let mut child = namespace.place().assay().command(&arguments).stdout(Stdio::piped()).spawn().expect("assay logs");
    let mut reader = BufReader::with_capacity(1 << 20, child.stdout.take().expect("a pipe"));
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).expect("the log is readable") > 0 {
        each(line.strip_suffix(b"\n").unwrap_or(&line));
        line.clear();
    }
    assert!(child.wait().expect("assay logs").success());
}

#[test]
fn two_hundred_megabytes_are_kept_line_by_line() {
    let spec = format!(
        "  timeouts: {{execution: 5m}}
  steps:
  - id: lines
    shell: |
      awk 'BEGIN {{ pad = sprintf(\"%090d\", 0); for (i = 0; i < {LINES}; i++) printf \"%08d %s\\n\", i, pad }}'
"
    );
    let (namespace, execution) = run(&spec);
    assert!(execution.number("/status/log/bytes") >= i64::try_from(LINES * 100).expect("it fits"));
    let pad = "0".repeat(90);
    let (started, mut next) = (Instant::now(), 0_u64);
    log_of(&namespace, "lines", |line| {
        // What the runner says of the step stands between the lines.
        if line.first().is_some_and(u8::is_ascii_digit) {
            assert!(line == format!("{next:08} {pad}").as_bytes(), "line {next}: {}", String::from_utf8_lossy(line));
            next += 1;
        }
    });
    assert_eq!(next, LINES);
    println!("read back in {:.1} s", started.elapsed().as_secs_f64());
    is_bounded();
}

#[test]
fn long_lines_progress_bars_and_bytes_that_are_no_text_come_through() {
    let spec = format!(
        r#"  steps:
  - {{id: long, shell: 'head -c {LONG} /dev/zero | tr "\0" a; echo; echo after-the-long-line'}}
  - {{id: binary, shell: 'echo BEGIN; cat /bin/busybox /bin/busybox; echo; echo END; wc -c < /bin/busybox'}}
  - id: bar
    shell: |
      i=0; while [ $i -le 1000 ]; do printf '\rdownloading %d of 1000' $i; i=$((i+1)); done; echo
      printf 'no newline at the end'
"#
    );
    let (namespace, execution) = run(&spec);
    let mut longest = 0;
    let mut after = false;
    log_of(&namespace, "long", |line| {
        longest = longest.max(line.iter().filter(|byte| **byte == b'a').count() * usize::from(line.len() >= LONG));
        after |= line == b"after-the-long-line";
    });
    assert!(longest == LONG && after, "{longest}");

    let (mut seen, mut size) = (Vec::new(), 0_i64);
    log_of(&namespace, "binary", |line| {
        let text = String::from_utf8_lossy(line).into_owned();
        size = text.parse().unwrap_or(size);
        seen.extend(["BEGIN", "END"].into_iter().filter(|mark| *mark == text));
    });
    assert!(size > 500_000 && seen == ["BEGIN", "END"], "{size} {seen:?}");
    let bytes = execution.number("/status/log/bytes");
    assert!(bytes > i64::try_from(LONG).expect("it fits") + 2 * size, "{bytes}");

    let log = namespace.assay(&["logs", "it-1", "--step", "bar"]).expect("assay logs").stdout;
    for part in
        ["downloading 0 of 1000", "downloading 500 of 1000", "downloading 1000 of 1000", "no newline at the end"]
    {
        assert!(log.contains(part), "`{part}` is not in {} bytes", log.len());
    }
    is_bounded();
}

#[test]
fn ten_thousand_small_files_and_one_of_a_gibibyte_are_kept_as_they_are() {
    let spec = format!(
        r#"  timeouts: {{execution: 6m}}
  steps:
  - id: make
    shell: |
      mkdir small big empty
      i=0; while [ $i -lt {SMALL_FILES} ]; do echo "file $i" > small/$i.txt; i=$((i+1)); done
      dd if=/dev/urandom of=seed bs=1M count=64 2> /dev/null
      i=0; while [ $i -lt 16 ]; do cat seed; i=$((i+1)); done > big/file.bin
      sha256sum big/file.bin small/77.txt
    artifacts: {{paths: ['small/**', 'big/*.bin', '!small/1?.txt', 'empty/**/*.xml', 'nowhere/*']}}
"#
    );
    let (namespace, execution) = run(&spec);
    let count = SMALL_FILES - 10 + 1;
    assert_eq!(execution.number("/status/artifacts/count"), i64::try_from(count).expect("it fits"));
    let log = namespace.assay(&["logs", "it-1"]).expect("assay logs").stdout;
    for pattern in ["empty/**/*.xml", "nowhere/*"] {
        assert!(log.contains(&format!("no file matches {pattern:?}")), "{log}");
    }

    let list = namespace.assay(&["artifacts", "ls", "it-1", "-o", "json"]).expect("assay artifacts ls").stdout;
    let list: Vec<serde_json::Value> = serde_json::from_str(&list).expect("the list is JSON");
    assert_eq!(list.len() as u64, count);
    for (file, size) in [("big/file.bin", BIG), ("small/77.txt", 8)] {
        let record = list.iter().find(|record| record["name"] == file).expect("it is listed");
        assert_eq!(record["size"], size, "{record}");
        let line = format!("{}  {file}", record["sha256"].as_str().expect("a digest"));
        assert!(log.contains(&line), "`{line}` is not in\n{log}");
    }
    assert!(!list.iter().any(|record| record["name"] == "small/15.txt"), "it was excluded");

    let folder = std::env::temp_dir().join(format!("assay-bulk-{}", std::process::id()));
    let started = Instant::now();
    let fetched =
        namespace.assay(&["artifacts", "get", "it-1", "big", "small/77.txt", "-d", &folder.to_string_lossy()]);
    let (big, small) = (length(&folder.join("big/file.bin")), fs::read_to_string(folder.join("small/77.txt")));
    fs::remove_dir_all(&folder).ok();
    let fetched = fetched.expect("assay artifacts get");
    println!("one gibibyte was fetched in {:.1} s", started.elapsed().as_secs_f64());
    assert_eq!(fetched.code, 0, "{fetched:?}");
    assert_eq!((big, small.expect("it was fetched").as_str()), (BIG, "file 77\n"));
    is_bounded();
}

fn length(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |found| found.len())
}
