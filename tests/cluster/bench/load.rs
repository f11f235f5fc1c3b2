//! Much output, many files, and the memory that they take.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use assay_cluster_tests::{Place, Process, manager_pids, processes_of_pod};

use crate::figures::Memory;
use crate::measure::{Bench, LIMIT, MeasureError, NAMESPACE};
use crate::subjects;

/// Lines of 100 bytes.
const LINES: u32 = 2_000_000;
const LINE_BYTES: f64 = 100.0;
/// Time between two looks at memory.
const LOOK: Duration = Duration::from_millis(50);

/// Megabytes a second from the step's first byte to the judged execution, of which
/// the whole log is kept.
pub fn ingest(bench: &Bench<'_>, rounds: u32, memory: &mut Memory) -> Result<Vec<f64>, MeasureError> {
    let mut found = Vec::new();
    for round in 0..rounds {
        let name = format!("output-{round}");
        let over = AtomicBool::new(false);
        let (executed, peak) = std::thread::scope(|scope| {
            let place = bench.place;
            let (name, over) = (&name, &over);
            let looking = scope.spawn(move || peak(place, name, over));
            let executed = bench.execute(name, "output", &[("lines", &LINES.to_string())]);
            over.store(true, Ordering::SeqCst);
            (executed, looking.join().unwrap_or_default())
        });
        let (clocks, judged_at, object) = executed?;
        let kept = object.pointer("/status/log/bytes").and_then(serde_json::Value::as_i64).unwrap_or_default();
        let bytes = f64::from(LINES) * LINE_BYTES;
        if (kept as f64) < bytes {
            return Err(MeasureError::Unreadable(format!("{kept} of {bytes} bytes of output were kept")));
        }
        found.push(bytes / 1e6 / ((judged_at - clocks.first()) as f64 / 1e9));
        memory.manager_streaming = memory.manager_streaming.max(peak.manager_streaming);
        memory.leader_streaming = memory.leader_streaming.max(peak.leader_streaming);
        memory.step_streaming = memory.step_streaming.max(peak.step_streaming);
        bench.kubectl(&["delete", "testexecution", &name])?;
    }
    Ok(found)
}

/// The largest memory of each process while an execution runs.
fn peak(place: &Place, execution: &str, over: &AtomicBool) -> Memory {
    let mut peak = Memory::default();
    let mut pod = None;
    while !over.load(Ordering::SeqCst) {
        pod = pod.or_else(|| pod_of(place, execution));
        for process in pod.iter().flat_map(|uid: &String| processes_of_pod(uid)) {
            let bytes = resident(process.pid).unwrap_or_default();
            if is_leader(&process) {
                peak.leader_streaming = peak.leader_streaming.max(bytes);
            } else if is_step(&process, 0) {
                peak.step_streaming = peak.step_streaming.max(bytes);
            }
        }
        peak.manager_streaming = peak.manager_streaming.max(manager());
        std::thread::sleep(LOOK);
    }
    peak
}

/// Milliseconds from the last instruction of a step to the final status, with its files kept.
pub fn artifacts(bench: &Bench<'_>, rounds: u32) -> Result<Vec<f64>, MeasureError> {
    let mut found = Vec::new();
    for round in 0..rounds {
        let name = format!("files-{round}");
        let (clocks, judged_at, object) = bench.execute(&name, "files", &[])?;
        let count = object.pointer("/status/artifacts/count").and_then(serde_json::Value::as_i64);
        if count != Some(1000) {
            return Err(MeasureError::Unreadable(format!("{count:?} of 1000 files were collected")));
        }
        found.push((judged_at - clocks.last()) as f64 / 1e6);
        bench.kubectl(&["delete", "testexecution", &name])?;
    }
    Ok(found)
}

/// Memory of a runner that waits, and of the manager.
pub fn waiting(bench: &Bench<'_>, memory: &mut Memory) -> Result<(), MeasureError> {
    let none = || MeasureError::Unreadable("no step's runner was seen waiting".to_owned());
    bench.create(&subjects::execution("waiting", "waiting", &[]))?;
    let condition = "--for=jsonpath={.status.phase}=Running";
    let timeout = format!("--timeout={}s", LIMIT.as_secs());
    bench.kubectl(&["wait", "testexecution/waiting", condition, &timeout])?;
    std::thread::sleep(Duration::from_secs(1));
    let uid = pod_of(bench.place, "waiting").ok_or_else(none)?;
    let process = processes_of_pod(&uid).into_iter().find(|process| is_step(process, 1)).ok_or_else(none)?;
    memory.waiting = resident(process.pid).ok_or_else(none)?;
    memory.waiting_alone = status(process.pid, "RssAnon:").ok_or_else(none)?;
    memory.manager = manager();
    bench.kubectl(&["delete", "testexecution", "waiting"])?;
    Ok(())
}

fn pod_of(place: &Place, execution: &str) -> Option<String> {
    let selector = format!("assay.dev/execution={execution}");
    let path = "jsonpath={.items[*].metadata.uid}";
    let uid = place.kubectl().run(&["-n", NAMESPACE, "get", "pods", "-l", &selector, "-o", path]).ok()?;
    uid.split_whitespace().next().map(str::to_owned)
}

fn is_leader(process: &Process) -> bool {
    process.command == "/assay-runner lead"
}

fn is_step(process: &Process, group: u32) -> bool {
    process.command == format!("/assay/bin/assay-runner step {group}")
}

fn manager() -> u64 {
    manager_pids().into_iter().filter_map(resident).max().unwrap_or_default()
}

fn resident(pid: i32) -> Option<u64> {
    status(pid, "VmRSS:")
}

/// A line of a process's status, in bytes.
fn status(pid: i32, name: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
