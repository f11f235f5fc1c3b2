//! What was found afterwards, held against what the table demands.

use std::time::Duration;

use assay_cluster_tests::{Fault, Log, wait_for};

use crate::Outcome;
use crate::trial::Trial;
use crate::workload::{Lines, lines};

/// Once the execution is deleted, everything of it must be gone after this.
const GONE: Duration = Duration::from_secs(180);
/// A watch that was broken off lists everything anew within this time.
const LISTED: Duration = Duration::from_secs(15);

/// What was found. Fields that nothing demands are there to be printed.
#[derive(Debug)]
#[expect(dead_code, reason = "a derived `Debug` does not count as a reader")]
pub(crate) struct Found {
    verdict: String,
    reason: String,
    message: String,
    history: String,
    jobs: usize,
    pods: usize,
    lines: Lines,
    tests: String,
    files: i64,
}

/// Looks at everything that an execution left behind.
pub(crate) fn gather(trial: &Trial<'_>, fault: &Fault, total: u32, limit: Duration) -> Outcome<Found> {
    let execution = trial.finished(limit)?;
    wait_for(LISTED, || (trial.lane.jobs.of(&trial.name) >= fault.jobs).then_some(()));
    let (verdict, reason) = (execution.text("/status/verdict"), execution.text("/status/reason"));
    let record = trial.until("a record in the history", || {
        let record = trial.lane.history(&trial.name).ok()?;
        record.pointer("/conclusion/verdict").is_some().then_some(record)
    })?;
    let of = |pointer: &str| record.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    // Whoever asks may be the reason that the manager asks somebody, and dies of it.
    let log = trial.until("a log", || trial.lane.log(&trial.name).ok())?;
    Ok(Found {
        message: execution.text("/status/message"),
        history: format!("{} {}", of("/conclusion/verdict"), of("/conclusion/reason")),
        jobs: trial.lane.jobs.of(&trial.name),
        pods: trial.lane.pods.of(&trial.name),
        lines: lines(&log, total),
        tests: execution.text("/status/tests/summary"),
        files: execution.number("/status/artifacts/count"),
        verdict,
        reason,
    })
}

impl Found {
    /// Everything that is not as the table demands.
    pub(crate) fn wrong(&self, fault: &Fault) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut same = |what: &str, wanted: String, got: String| {
            if wanted != got {
                wrong.push(format!("{what}: wanted {wanted}, got {got}"));
            }
        };
        let verdict = fault.verdict.unwrap_or_default();
        same("verdict", verdict.to_owned(), self.verdict.clone());
        same("reason", fault.reason.to_owned(), self.reason.clone());
        same("history", format!("{} {}", self.verdict, self.reason), self.history.clone());
        same("Jobs", fault.jobs.to_string(), self.jobs.to_string());
        let log = matches!(
            (fault.log, &self.lines),
            (Log::Whole, Lines::Whole) | (Log::UntilThen, Lines::Beginning(_)) | (Log::Nothing, Lines::Nothing)
        );
        if !log {
            wrong.push(format!("log: wanted {:?}, got {:?}", fault.log, self.lines));
        }
        if fault.verdict == Some("passed") {
            wrong.extend(self.evidence(fault));
        }
        if wrong.is_empty() { wrong } else { [wrong, vec![format!("found: {self:#?}")]].concat() }
    }

    /// What a run to the end leaves behind besides its log.
    fn evidence(&self, fault: &Fault) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.pods != fault.jobs {
            wrong.push(format!("pods: wanted {}, got {}", fault.jobs, self.pods));
        }
        // Without a server there is nowhere for files to go; the counts come with the seal.
        if fault.log == Log::Whole && self.files != 1 {
            wrong.push(format!("files: wanted 1, got {}", self.files));
        }
        if self.tests != "2/2" {
            wrong.push(format!("tests: wanted 2/2, got `{}`", self.tests));
        }
        wrong
    }
}

/// Deletes the execution and gives what stays although it should go.
pub(crate) fn orphans(trial: &Trial<'_>) -> Outcome<Vec<String>> {
    let namespace = &trial.lane.namespace;
    // The API server may still be finding itself.
    let delete = ["delete", "tex", &trial.name, "--wait=false", "--ignore-not-found"];
    trial.until("an answer to its deletion", || namespace.kubectl(&delete).ok())?;
    let selector = format!("assay.dev/execution={}", trial.name);
    let ask = ["get", "jobs,pods,configmaps,tex", "-l", &selector, "-o", "name"];
    let gone = wait_for(GONE, || namespace.kubectl(&ask).ok().filter(|left| left.trim().is_empty()));
    if gone.is_some() {
        return Ok(Vec::new());
    }
    Ok(namespace.kubectl(&ask)?.lines().map(|line| format!("orphan: {line}")).collect())
}
