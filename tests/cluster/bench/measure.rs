//! Running the subjects turn by turn and taking the times.

use std::time::Duration;

use assay_cluster_tests::{CommandError, Place};
use serde_json::Value;

use crate::clock::{Clocks, NoClock};
use crate::figures::{Sample, Subject};
use crate::subjects;
use crate::watch::Watch;

/// Namespace of everything that is run.
pub const NAMESPACE: &str = "assay-bench";
/// The longest wait for the end of one run.
pub const LIMIT: Duration = Duration::from_secs(120);

/// Why a measurement came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    /// A tool refused.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// An object was not seen, or did not end, in time.
    #[error("`{0}` did not end within {limit} s", limit = LIMIT.as_secs())]
    TooSlow(String),
    /// A step did not print the clock.
    #[error("the log of `{0}` has no clock in it")]
    NoClock(String, #[source] NoClock),
    /// It ended, but not well, so its times say nothing.
    #[error("`{0}` ended as {1}")]
    NotPassed(String, String),
    /// A file or an answer cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// A place with a namespace to measure in and watches on it.
pub struct Bench<'a> {
    pub place: &'a Place,
    pods: Watch,
    jobs: Watch,
    executions: Watch,
}

impl<'a> Bench<'a> {
    /// Makes the namespace anew.
    pub fn open(place: &'a Place) -> Result<Self, MeasureError> {
        let kubectl = place.kubectl();
        kubectl.answer(&["delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=true"])?;
        kubectl.run(&["create", "namespace", NAMESPACE])?;
        kubectl.run_with(&["-n", NAMESPACE, "apply", "-f", "-"], &subjects::workflows())?;
        let watch = |kind| Watch::start(place, NAMESPACE, kind);
        Ok(Self { place, pods: watch("pods")?, jobs: watch("jobs")?, executions: watch("testexecutions")? })
    }

    /// `kubectl -n NAMESPACE ...`.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String, MeasureError> {
        Ok(self.place.kubectl().run(&[&["-n", NAMESPACE], arguments].concat())?)
    }

    /// Creates what a manifest says.
    pub fn create(&self, manifest: &str) -> Result<(), MeasureError> {
        self.place.kubectl().run_with(&["-n", NAMESPACE, "create", "-f", "-"], manifest)?;
        Ok(())
    }

    /// Every subject once per round.
    pub fn rounds(&self, rounds: u32) -> Result<Vec<Sample>, MeasureError> {
        let mut samples = Vec::new();
        for round in 0..=rounds {
            // A low-discrepancy walk through the second, so that exits fall everywhere.
            let sleep_ms = 100 + (round * 618) % 1000;
            let mut words = Vec::new();
            for (at, subject) in Subject::ALL.into_iter().enumerate() {
                let sample = self.run(subject, &format!("run-{at}-{round}"), sleep_ms)?;
                words.push(format!("{} {:.0}", subject.title(), sample.overhead()));
                // The first round warms caches and is not counted.
                if round > 0 {
                    samples.push(sample);
                }
            }
            anstream::eprintln!("round {round}/{rounds}, ms: {}", words.join(" | "));
        }
        Ok(samples)
    }

    fn run(&self, subject: Subject, name: &str, sleep_ms: u32) -> Result<Sample, MeasureError> {
        self.create(&subjects::object(subject, name, sleep_ms))?;
        let (watch, ended): (_, fn(&Value) -> bool) = match subject {
            Subject::RawPod | Subject::PollingGate | Subject::InitChain => (&self.pods, pod_is_over),
            Subject::RawJob => (&self.jobs, job_is_complete),
            Subject::Assay | Subject::AssayOneImage | Subject::AssayTwoImages => (&self.executions, is_judged),
        };
        let (submitted, ended_at) = times(watch, name, ended)?;
        let (kind, log) = match subject {
            Subject::RawPod | Subject::PollingGate | Subject::InitChain => {
                ("pod", self.kubectl(&["logs", name, "--all-containers"])?)
            }
            Subject::RawJob => ("job", self.kubectl(&["logs", &format!("job/{name}")])?),
            _ => ("testexecution", self.place.assay().run(&["-n", NAMESPACE, "logs", name])?),
        };
        // Everybody starts from equal leftovers: none.
        self.kubectl(&["delete", kind, name, "--wait=false"])?;
        let clocks =
            Clocks::read(&log, subject.steps()).map_err(|error| MeasureError::NoClock(name.to_owned(), error))?;
        let ms = |from: i128, to: i128| (to - from) as f64 / 1e6;
        Ok(Sample {
            subject,
            submit_to_first: ms(submitted, clocks.first()),
            last_to_final: ms(clocks.last(), ended_at),
            submit_to_final: ms(submitted, ended_at),
            slept: clocks.slept(),
            gaps: clocks.gaps(),
        })
    }

    /// Executes a workflow; gives its clocks, when it was judged, and what it became.
    pub fn execute(
        &self,
        name: &str,
        workflow: &str,
        config: &[(&str, &str)],
    ) -> Result<(Clocks, i128, Value), MeasureError> {
        self.create(&subjects::execution(name, workflow, config))?;
        let is_it = |object: &Value| object["metadata"]["name"] == name && is_judged(object);
        let seen = self.executions.until(LIMIT, is_it).ok_or_else(|| MeasureError::TooSlow(name.to_owned()))?;
        let verdict = seen.object["status"]["verdict"].as_str().unwrap_or_default();
        if verdict != "passed" {
            return Err(MeasureError::NotPassed(name.to_owned(), verdict.to_owned()));
        }
        // Only the step with the clock: the whole log may have hundreds of megabytes.
        let log = self.place.assay().run(&["-n", NAMESPACE, "logs", name, "--step", "clock"])?;
        let clocks = Clocks::read(&log, 1).map_err(|error| MeasureError::NoClock(name.to_owned(), error))?;
        Ok((clocks, seen.at_ns, seen.object))
    }
}

impl Drop for Bench<'_> {
    fn drop(&mut self) {
        self.place.kubectl().answer(&["delete", "namespace", NAMESPACE, "--wait=false"]).ok();
    }
}

fn pod_is_over(pod: &Value) -> bool {
    pod["status"]["phase"] == "Succeeded"
}

fn job_is_complete(job: &Value) -> bool {
    let conditions = job.pointer("/status/conditions").and_then(Value::as_array);
    conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Complete" && c["status"] == "True"))
}

fn is_judged(execution: &Value) -> bool {
    execution.pointer("/status/verdict").is_some()
}

/// When the object was first seen, and when it was seen final.
fn times(watch: &Watch, name: &str, ended: fn(&Value) -> bool) -> Result<(i128, i128), MeasureError> {
    let slow = || MeasureError::TooSlow(name.to_owned());
    let is_it = |object: &Value| object["metadata"]["name"] == name;
    let first = watch.until(LIMIT, is_it).ok_or_else(slow)?;
    if ended(&first.object) {
        return Ok((first.at_ns, first.at_ns));
    }
    let last = watch.until(LIMIT, |object| is_it(object) && ended(object)).ok_or_else(slow)?;
    Ok((first.at_ns, last.at_ns))
}
