//! What the runs of a judgement say together.

use std::time::Duration;

use assay_api::{GateExecution, GateRole, GateWorkflow, Reason, Verdict};
use jiff::Timestamp;

use super::terms::Terms;
use crate::time::{after, earlier};

/// How long an errored run is waited out before the next one; afterwards there is no next one.
const AGAIN: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(20)];

/// Where a judgement stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Course {
    /// Runs are missing, or go on.
    Going(Going),
    /// It is over.
    Over(Outcome),
}

/// What is still to come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Going {
    /// Runs that are to be made now.
    pub(super) next: Vec<Wanted>,
    /// When the next run is due that waits for its time.
    pub(super) wake: Option<Timestamp>,
    /// Only the control run counts any more.
    pub(super) control: bool,
}

/// A run that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    pub(super) workflow: String,
    pub(super) run: i32,
    pub(super) role: GateRole,
}

/// A verdict with its reason.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    pub(super) verdict: Verdict,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// Where one workflow stands.
enum Standing {
    Green { failures: usize, verdict: Verdict },
    Failed(Outcome),
    Errored(Outcome),
    Cancelled(Outcome),
    Going,
    Wants(Wanted, Option<Timestamp>),
}

/// Adds up the runs. `ended` tells when a run ended; `control` is asked for when a failure is confirmed and a
/// good revision is known. A confirmed failure counts before everything, since it says something about the
/// revision; then that somebody stopped a run; an error only when nothing else can be said any more.
pub(super) fn course(
    terms: &Terms,
    workflows: &[GateWorkflow],
    control: Option<&GateWorkflow>,
    executions: &[GateExecution],
    ended: impl Fn(&str) -> Option<Timestamp>,
    now: Timestamp,
) -> Course {
    let mut going = Going::default();
    let (mut errored, mut cancelled, mut busy, mut green) = (None, None, false, Vec::new());
    for workflow in workflows {
        match stands(terms, &workflow.name, executions, &ended) {
            Standing::Failed(outcome) => return controlled(control, executions, outcome),
            Standing::Cancelled(outcome) => cancelled = cancelled.or(Some(outcome)),
            Standing::Errored(outcome) => errored = errored.or(Some(outcome)),
            Standing::Green { failures, verdict } => green.push((workflow.name.as_str(), failures, verdict)),
            Standing::Going => busy = true,
            Standing::Wants(_, Some(at)) if at > now => (going.wake, busy) = (earlier(going.wake, Some(at)), true),
            Standing::Wants(wanted, _) => going.next.push(wanted),
        }
    }
    match (cancelled, errored) {
        (Some(outcome), _) => Course::Over(outcome),
        (None, _) if busy || !going.next.is_empty() => Course::Going(going),
        (None, Some(outcome)) => Course::Over(outcome),
        (None, None) => Course::Over(all_green(&green)),
    }
}

fn stands(
    terms: &Terms,
    workflow: &str,
    executions: &[GateExecution],
    ended: impl Fn(&str) -> Option<Timestamp>,
) -> Standing {
    let runs: Vec<_> =
        executions.iter().filter(|run| run.workflow == workflow && run.role != GateRole::Control).collect();
    if runs.iter().any(|run| run.verdict.is_none()) {
        return Standing::Going;
    }
    let of = |wanted: Verdict| runs.iter().filter(move |run| run.verdict == Some(wanted)).count();
    let last = |wanted: Verdict| runs.iter().rfind(|run| run.verdict == Some(wanted)).copied();
    let greens: Vec<Verdict> = runs.iter().filter_map(|run| run.verdict).filter(|verdict| verdict.is_green()).collect();
    let (failures, errors) = (of(Verdict::Failed), of(Verdict::Errored));
    let counted = failures + greens.len();
    if let Some(run) = last(Verdict::Cancelled) {
        return Standing::Cancelled(Outcome {
            verdict: Verdict::Cancelled,
            reason: Reason::Cancelled,
            message: format!("`{}` of workflow `{workflow}` was cancelled", run.name),
        });
    }
    if failures >= terms.failures {
        let (reason, words) = words(last(Verdict::Failed), Reason::TestsFailed);
        let message = format!("workflow `{workflow}` failed in {failures} of {counted} runs{words}");
        return Standing::Failed(Outcome { verdict: Verdict::Failed, reason, message });
    }
    let left = (terms.reruns + 1).saturating_sub(counted);
    if let Some(verdict) = greens.last()
        && (failures == 0 || failures + left < terms.failures)
    {
        return Standing::Green { failures, verdict: *verdict };
    }
    if errors > AGAIN.len() {
        let (reason, words) = words(last(Verdict::Errored), Reason::StepErrored);
        let message = format!("workflow `{workflow}` could not be run, {errors} times{words}");
        return Standing::Errored(Outcome { verdict: Verdict::Errored, reason, message });
    }
    let role = if failures == 0 { GateRole::Judge } else { GateRole::Confirm };
    let run = i32::try_from(runs.len() + 1).unwrap_or(i32::MAX);
    let wanted = Wanted { workflow: workflow.to_owned(), run, role };
    let errored = runs.last().filter(|run| run.verdict == Some(Verdict::Errored));
    let wait = errors.checked_sub(1).and_then(|earlier| AGAIN.get(earlier));
    let due = errored.zip(wait).and_then(|(run, wait)| ended(&run.name).map(|at| after(at, *wait)));
    Standing::Wants(wanted, due)
}

/// A failure is confirmed. With a control run it is believed only when that one is green.
fn controlled(control: Option<&GateWorkflow>, executions: &[GateExecution], failed: Outcome) -> Course {
    let Some(control) = control else { return Course::Over(failed) };
    let Some(run) = executions.iter().find(|run| run.role == GateRole::Control) else {
        let wanted = Wanted { workflow: control.name.clone(), run: 1, role: GateRole::Control };
        return Course::Going(Going { next: vec![wanted], wake: None, control: true });
    };
    let (name, message) = (&run.workflow, failed.message.as_str());
    Course::Over(match run.verdict {
        None => return Course::Going(Going { control: true, ..Going::default() }),
        Some(verdict) if verdict.is_green() => {
            Outcome { message: format!("{message}; the control run `{name}` passed"), ..failed }
        }
        Some(Verdict::Cancelled) => Outcome {
            verdict: Verdict::Cancelled,
            reason: Reason::Cancelled,
            message: format!("the control run `{}` was cancelled", run.name),
        },
        Some(verdict) => Outcome {
            verdict: Verdict::Errored,
            reason: Reason::EnvironmentBroken,
            message: format!("the control run `{name}` with the last good revision is {verdict} too; {message}"),
        },
    })
}

fn all_green(green: &[(&str, usize, Verdict)]) -> Outcome {
    let flaky: Vec<_> =
        green.iter().filter(|(_, failures, verdict)| *failures > 0 || *verdict == Verdict::Flaky).collect();
    let names = |list: Vec<&(&str, usize, Verdict)>| {
        list.into_iter().map(|(name, ..)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    if !flaky.is_empty() {
        let message = format!("passed, but only after a retry: {}", names(flaky));
        return Outcome { verdict: Verdict::Flaky, reason: Reason::PassedAfterRetry, message };
    }
    let all = names(green.iter().collect());
    if green.iter().all(|(.., verdict)| *verdict == Verdict::Skipped) {
        let message = format!("nothing was to be run: {all}");
        return Outcome { verdict: Verdict::Skipped, reason: Reason::Skipped, message };
    }
    Outcome { verdict: Verdict::Passed, reason: Reason::Passed, message: format!("passed: {all}") }
}

fn words(run: Option<&GateExecution>, otherwise: Reason) -> (Reason, String) {
    let reason = run.and_then(|run| run.reason).unwrap_or(otherwise);
    let words = run.and_then(|run| run.message.as_deref()).filter(|words| !words.is_empty());
    (reason, words.map(|words| format!(": {words}")).unwrap_or_default())
}
