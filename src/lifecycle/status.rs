//! The status of an execution, folded from what was observed and decided. No
//! other place writes it.

use std::time::Duration;

use assay_api::{
    ArtifactEntry, ArtifactStatus, ExecutionDelivery, FailedTest, JobReference, LogStatus, Phase, TestCounts,
    TestExecutionStatus,
};
use assay_report::{Counts, FailedCase};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::conditions::{State, Word, carry, cut, cut_front, fold};
use crate::decision::{Action, Decision};
use crate::observed::{Observed, Planned};
use crate::steps;
use crate::time::{between, milliseconds, text};

/// What an object in etcd has room for; the store has the rest.
const FAILURES: usize = 10;
const FAILURE_BYTES: usize = 512;
const MESSAGE_BYTES: usize = 2 * 1024;
const LOG_TAIL_BYTES: usize = 2 * 1024;
const ARTIFACTS: usize = 20;

/// The whole status after a decision. Folding the same twice gives the same.
pub fn fold_execution(observed: &Observed, decision: &Decision, now: Timestamp) -> TestExecutionStatus {
    let previous = &observed.previous;
    let generation = observed.execution.generation;
    if previous.phase == Phase::Finished {
        let conditions = carry(&previous.conditions, generation);
        return TestExecutionStatus { observed_generation: generation, conditions, ..previous.clone() };
    }
    let word = Word { state: state(decision), reason: decision.reason, message: &decision.message, generation };
    let conditions = fold(&previous.conditions, &word, now);
    if let Some(attempt) = decision.next_attempt {
        return announced(observed, decision, attempt, conditions);
    }
    let started_at = observed.started_at().map(milliseconds);
    let finished_at = decision.verdict.map(|_| milliseconds(now));
    let ended_at = decision.ended_at.or(finished_at);
    TestExecutionStatus {
        observed_generation: generation,
        phase: decision.phase,
        verdict: decision.verdict,
        reason: Some(decision.reason),
        message: Some(cut(&decision.message, MESSAGE_BYTES).to_owned()),
        queued_at: queued_at(observed, decision, now),
        started_at,
        finished_at,
        duration: duration(started_at, ended_at).map(text),
        job: job(observed, decision),
        steps: steps::fold(observed, decision),
        tests: counts(observed).map(|counts| tests(&counts)).or_else(|| previous.tests.clone()),
        failures: failures(observed),
        log: log(observed, decision),
        artifacts: artifacts(observed),
        delivery: delivery(observed),
        conditions,
    }
}

/// The next attempt begins with a clean slate: what was heard of the lost one
/// counts no more. Its Job has no plan yet.
fn announced(
    observed: &Observed,
    decision: &Decision,
    attempt: u32,
    conditions: Vec<Condition>,
) -> TestExecutionStatus {
    let name = observed.execution.next_job_name.clone();
    TestExecutionStatus {
        observed_generation: observed.execution.generation,
        phase: decision.phase,
        reason: Some(decision.reason),
        message: Some(cut(&decision.message, MESSAGE_BYTES).to_owned()),
        job: Some(JobReference { name, attempt: number(attempt), plan_hash: String::new() }),
        delivery: delivery(observed),
        conditions,
        ..TestExecutionStatus::default()
    }
}

/// What it was a hook of stays, although the delivery goes on to other revisions.
fn delivery(observed: &Observed) -> Option<ExecutionDelivery> {
    observed.execution.delivery.clone().or_else(|| observed.previous.delivery.clone())
}

fn state(decision: &Decision) -> State {
    match decision.verdict {
        None => State::Going,
        Some(verdict) if verdict.is_green() => State::Good,
        Some(_) => State::Bad,
    }
}

fn queued_at(observed: &Observed, decision: &Decision, now: Timestamp) -> Option<Timestamp> {
    let made_now = decision.actions.contains(&Action::ApplyObjects).then(|| milliseconds(now));
    let made = observed.job.as_ref().filter(|job| !job.foreign).map(|job| milliseconds(job.created_at));
    observed.previous.queued_at.or(made).or(made_now.filter(|_| decision.phase != Phase::Pending))
}

fn duration(started_at: Option<Timestamp>, ended_at: Option<Timestamp>) -> Option<Duration> {
    Some(between(started_at?, ended_at?))
}

fn job(observed: &Observed, decision: &Decision) -> Option<JobReference> {
    let applied = decision.phase != Phase::Pending && decision.actions.contains(&Action::ApplyObjects);
    let made = observed.job.as_ref().filter(|job| !job.foreign).map(|job| job.plan_hash.clone());
    let planned = match &observed.planned {
        Planned::Ready(plan) if applied => Some(plan.hash.clone()),
        _ => None,
    };
    let reference = |plan_hash| JobReference {
        name: observed.execution.job_name.clone(),
        attempt: number(observed.execution.attempt),
        plan_hash,
    };
    made.or(planned).map(reference).or_else(|| observed.previous.job.clone())
}

fn number(n: u32) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn counts(observed: &Observed) -> Option<Counts> {
    let told = observed.run.as_ref().and_then(|run| run.tests.as_ref()).map(|tests| tests.counts);
    told.or_else(|| observed.seal().and_then(|seal| seal.counts))
}

fn tests(counts: &Counts) -> TestCounts {
    TestCounts {
        summary: format!("{}/{}", counts.passed, counts.tests.saturating_sub(counts.skipped)),
        total: number(counts.tests),
        passed: number(counts.passed),
        failed: number(counts.bad()),
        skipped: number(counts.skipped),
        flaky: number(counts.flaky),
    }
}

fn failures(observed: &Observed) -> Vec<FailedTest> {
    let Some(tests) = observed.run.as_ref().and_then(|run| run.tests.as_ref()) else {
        return observed.previous.failures.clone();
    };
    tests.failures.iter().take(FAILURES).map(failed).collect()
}

fn failed(case: &FailedCase) -> FailedTest {
    FailedTest {
        suite: cut(&case.suite, FAILURE_BYTES).to_owned(),
        name: cut(&case.name, FAILURE_BYTES).to_owned(),
        message: case.message.as_deref().map(|message| cut(message, FAILURE_BYTES).to_owned()),
    }
}

/// The log stands in the status from the end on; before, it would only make
/// the object change with every line.
fn log(observed: &Observed, decision: &Decision) -> Option<LogStatus> {
    decision.verdict?;
    let told = observed.run.as_ref().and_then(|run| run.outcome.as_ref()).map(|outcome| outcome.log_complete);
    let complete = told.or_else(|| observed.seal().map(|seal| seal.outcome.log_complete));
    let bytes = i64::try_from(observed.log.bytes).unwrap_or(i64::MAX);
    let tail = cut_front(&observed.log.tail, LOG_TAIL_BYTES).to_owned();
    (bytes > 0 || complete.is_some()).then(|| LogStatus { bytes, complete: complete.unwrap_or(false), tail })
}

fn artifacts(observed: &Observed) -> Option<ArtifactStatus> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let Some(run) = observed.run.as_ref().filter(|run| run.artifacts.count > 0) else {
        return observed.previous.artifacts.clone();
    };
    let entry = |file: &crate::observed::Collected| ArtifactEntry { path: file.path.clone(), size: number(file.size) };
    let items = observed.collected.iter().take(ARTIFACTS).map(entry).collect();
    Some(ArtifactStatus { count: number(run.artifacts.count), bytes: number(run.artifacts.bytes), items })
}
