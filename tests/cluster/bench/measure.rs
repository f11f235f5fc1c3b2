//! Running the subjects turn by turn and taking the times.

use std::time::Duration;

use assay_cluster_tests::{CommandError, Place};
use serde_json::Value;

use crate::figures::{Sample, Subject};
use crate::subjects;
use crate::watch::Watch;

const NAMESPACE: &str = "assay-bench";
const LIMIT: Duration = Duration::from_secs(60);

/// Why a measurement came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A tool refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// An object was not seen, or did not end, in time.
    #[error("`{0}` did not end within {limit} s", limit = LIMIT.as_secs())]
    TooSlow(String),
    /// The step did not print the clock.
    #[error("the log of `{0}` has no clock in it: {1}")]
    NoClock(String, String),
}

/// Runs every subject once per round.
pub fn all(place: &Place, rounds: u32) -> Result<Vec<Sample>, MeasureError> {
    let kubectl = place.kubectl();
    kubectl.answer(&["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true"])?;
    kubectl.run(&["create", "namespace", NAMESPACE])?;
    kubectl.run_with(&["-n", NAMESPACE, "apply", "-f", "-"], &subjects::workflow())?;
    let jobs = Watch::start(place, NAMESPACE, "jobs")?;
    let executions = Watch::start(place, NAMESPACE, "testexecutions")?;
    let mut samples = Vec::new();
    for round in 0..=rounds {
        // A low-discrepancy walk through the second, so that exits fall everywhere.
        let sleep_ms = 100 + (round * 618) % 1000;
        let pair = [
            raw_job(place, &jobs, &format!("job-{round}"), sleep_ms)?,
            assay(place, &executions, &format!("tex-{round}"), sleep_ms)?,
        ];
        // The first round warms caches and is not counted.
        if round > 0 {
            samples.extend(pair);
            anstream::eprintln!(
                "round {round}/{rounds}: raw job {:.0} ms, assay {:.0} ms",
                pair[0].overhead(),
                pair[1].overhead()
            );
        }
    }
    drop((jobs, executions));
    kubectl.answer(&["delete", "namespace", NAMESPACE, "--wait=false"])?;
    Ok(samples)
}

fn raw_job(place: &Place, watch: &Watch, name: &str, sleep_ms: u32) -> Result<Sample, MeasureError> {
    let kubectl = place.kubectl();
    kubectl.run_with(&["-n", NAMESPACE, "create", "-f", "-"], &subjects::job(name, sleep_ms))?;
    let ended = |job: &Value| {
        let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
        conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Complete" && c["status"] == "True"))
    };
    let times = times(watch, name, ended)?;
    let log = kubectl.run(&["-n", NAMESPACE, "logs", &format!("job/{name}")])?;
    sample(Subject::RawJob, name, times, &log, sleep_ms)
}

fn assay(place: &Place, watch: &Watch, name: &str, sleep_ms: u32) -> Result<Sample, MeasureError> {
    let kubectl = place.kubectl();
    kubectl.run_with(&["-n", NAMESPACE, "create", "-f", "-"], &subjects::execution(name, sleep_ms))?;
    let times = times(watch, name, |execution| execution.pointer("/status/verdict").is_some())?;
    let log = place.assay().run(&["-n", NAMESPACE, "logs", name])?;
    sample(Subject::Assay, name, times, &log, sleep_ms)
}

/// When the object was first seen, and when it was seen final.
fn times(watch: &Watch, name: &str, ended: impl Fn(&Value) -> bool) -> Result<(i128, i128), MeasureError> {
    let slow = || MeasureError::TooSlow(name.to_owned());
    let is_it = |object: &Value| object["metadata"]["name"] == name;
    let first = watch.until(LIMIT, is_it).ok_or_else(slow)?;
    let last = watch.until(LIMIT, |object| is_it(object) && ended(object)).ok_or_else(slow)?;
    Ok((first.at_ns, last.at_ns))
}

fn sample(
    subject: Subject,
    name: &str,
    (submitted, ended): (i128, i128),
    log: &str,
    sleep_ms: u32,
) -> Result<Sample, MeasureError> {
    let clock = |key: &str| -> Result<i128, MeasureError> {
        let none = || MeasureError::NoClock(name.to_owned(), log.to_owned());
        let digits = log.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok());
        digits.ok_or_else(none)
    };
    let ms = |from: i128, to: i128| (to - from) as f64 / 1e6;
    let (first, last) = (clock("first=")?, clock("last=")?);
    Ok(Sample {
        subject,
        submit_to_first: ms(submitted, first),
        last_to_final: ms(last, ended),
        submit_to_final: ms(submitted, ended),
        slept: f64::from(sleep_ms),
    })
}
