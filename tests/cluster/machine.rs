//! Faults that only a person at the node itself can cause.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// Process ids of the managers that run on this machine, in any container.
///
/// The executable of a container is not visible by path from outside, so the
/// command line is read.
pub fn manager_pids() -> Vec<i32> {
    pids().into_iter().filter(|pid| program(*pid).as_deref() == Some("/assay-manager") && is_contained(*pid)).collect()
}

fn program(pid: i32) -> Option<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = line.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(first).into_owned())
}

fn is_contained(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains("kubepods"))
}

/// Ends a process of the cluster under test without warning.
///
/// # Errors
/// When the process is gone already.
pub fn send_kill(pid: i32) -> std::io::Result<()> {
    let pid = Pid::from_raw(pid).ok_or_else(|| std::io::Error::other("not a process id"))?;
    Ok(kill_process(pid, Signal::KILL)?)
}

/// A process of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its id on the node.
    pub pid: i32,
    /// Its words, separated by blanks.
    pub command: String,
}

/// Every process of the pod of that uid, the sandbox's own among them.
pub fn processes_of_pod(uid: &str) -> Vec<Process> {
    let group = format!("/pod{uid}/");
    let mine = pids()
        .into_iter()
        .filter(|pid| fs::read_to_string(format!("/proc/{pid}/cgroup")).is_ok_and(|groups| groups.contains(&group)));
    mine.filter_map(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let words: Vec<_> = line.split(|byte| *byte == 0).map(String::from_utf8_lossy).collect();
        Some(Process { pid, command: words.join(" ").trim_end().to_owned() })
    })
    .collect()
}

fn pids() -> Vec<i32> {
    let entries = fs::read_dir("/proc").map(|entries| entries.flatten().collect()).unwrap_or_else(|_| Vec::new());
    entries.iter().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}
