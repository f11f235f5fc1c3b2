//! Writes to the API server: ours by watching what we write, those of everybody by
//! the revision of etcd, which counts them all.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::figures::{Subject, Writes};
use crate::measure::{Bench, MeasureError, NAMESPACE};
use crate::subjects;
use crate::watch::Watch;

/// Executions that are averaged over.
const RUNS: u32 = 10;
/// What a run leaves to be done by others is done after this.
const SETTLE: Duration = Duration::from_secs(4);
/// How long the cluster is watched doing nothing.
const IDLE: Duration = Duration::from_secs(20);

/// Counts. Nobody else may use the cluster meanwhile.
pub fn count(bench: &Bench<'_>) -> Result<Writes, MeasureError> {
    let idle = idle(bench)?;
    let all = of(bench, Subject::Assay, idle)?;
    let own = own(bench)?;
    let raw_job = of(bench, Subject::RawJob, idle)?;
    Ok(Writes { own, all, raw_job })
}

/// Writes a second of a cluster that nobody uses: leases are renewed.
fn idle(bench: &Bench<'_>) -> Result<f64, MeasureError> {
    std::thread::sleep(SETTLE);
    let before = revision(bench)?;
    std::thread::sleep(IDLE);
    Ok((revision(bench)? - before) / IDLE.as_secs_f64())
}

/// Writes of everybody for each run, without those of an idle cluster.
fn of(bench: &Bench<'_>, subject: Subject, idle: f64) -> Result<f64, MeasureError> {
    let (before, began) = (revision(bench)?, Instant::now());
    for run in 0..RUNS {
        bench.create(&subjects::object(subject, &format!("writes-{run}"), 100))?;
        std::thread::sleep(SETTLE);
    }
    let written = revision(bench)? - before - idle * began.elapsed().as_secs_f64();
    if subject == Subject::RawJob {
        bench.kubectl(&["delete", "jobs", "--all", "--wait=false"])?;
    }
    Ok(written / f64::from(RUNS))
}

/// What was written by us for the executions `writes-…`, which are still there: a
/// ConfigMap and a Job each, the changes of their status, and their Events.
fn own(bench: &Bench<'_>) -> Result<f64, MeasureError> {
    let mut writes = 0;
    for kind in ["configmaps", "jobs"] {
        let names = bench.kubectl(&["get", kind, "-l", "assay.dev/execution", "-o", "name"])?;
        writes += names.lines().count();
    }
    let events = items(bench, "events")?;
    // Events outlive what they are about: those of earlier rounds are still there.
    let ours = |event: &&Value| {
        let about = &event["involvedObject"];
        about["kind"] == "TestExecution" && about["name"].as_str().is_some_and(|name| name.starts_with("writes-"))
    };
    // An event that came again was written again.
    writes +=
        events.iter().filter(ours).map(|event| event["series"]["count"].as_u64().unwrap_or(1) as usize).sum::<usize>();
    writes += statuses(bench)?;
    bench.kubectl(&["delete", "testexecutions", "--all", "--wait=false"])?;
    Ok(writes as f64 / f64::from(RUNS))
}

/// Changes of status, of executions and of their workflow, counted by watches on
/// further executions.
fn statuses(bench: &Bench<'_>) -> Result<usize, MeasureError> {
    let executions = Watch::start(bench.place, NAMESPACE, "testexecutions")?;
    let workflows = Watch::start(bench.place, NAMESPACE, "testworkflows")?;
    for run in 0..RUNS {
        bench.create(&subjects::object(Subject::Assay, &format!("statuses-{run}"), 100))?;
        std::thread::sleep(SETTLE);
    }
    let seen = |watch: &Watch, begins: &str| {
        let all = watch.seen_within(Duration::from_secs(2));
        let named = |object: &&Value| object["metadata"]["name"].as_str().is_some_and(|name| name.starts_with(begins));
        all.iter().filter(named).count()
    };
    // The first sight of each is not a change: who wanted it made it, or it was there.
    let executions = seen(&executions, "statuses-").saturating_sub(RUNS as usize);
    Ok(executions + seen(&workflows, "one-step").saturating_sub(1))
}

fn items(bench: &Bench<'_>, kind: &str) -> Result<Vec<Value>, MeasureError> {
    let list: Value = parse(&bench.kubectl(&["get", kind, "-o", "json"])?)?;
    Ok(list["items"].as_array().cloned().unwrap_or_default())
}

/// The revision of etcd stands in every list.
fn revision(bench: &Bench<'_>) -> Result<f64, MeasureError> {
    let list: Value = parse(&bench.kubectl(&["get", "--raw", "/api/v1/nodes?limit=1"])?)?;
    let text = list["metadata"]["resourceVersion"].as_str().unwrap_or_default();
    text.parse().map_err(|_| MeasureError::Unreadable(format!("`{text}` is not a revision")))
}

fn parse(text: &str) -> Result<Value, MeasureError> {
    serde_json::from_str(text).map_err(|error| MeasureError::Unreadable(format!("the cluster's answer: {error}")))
}
