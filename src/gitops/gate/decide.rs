//! Where a gate moves on.

use assay_api::{GateRole, TestGateStatus, Verdict};
use jiff::Timestamp;

use super::decision::{GateAction, GateDecision, GateEnd};
use super::judge::{Bench, Progress, judge};
use super::names::short;
use super::observed::{GateObserved, Run};
use super::page::Page;
use super::record::record;
use super::say::{invalid, missing, nameless, outdated, say, unclear};
use super::status::fold_gate;
use super::terms::Terms;
use crate::time::between;

/// Decides what is to be done about a gate, and what is to be said of it.
///
/// The revision that is judged follows the delivery; a verdict, once final, stays with its revision. Where the
/// delivery cannot be read, or speaks of another source than it names, everything stays as it is, and nothing is
/// said of any revision.
pub fn decide_gate(observed: &GateObserved, now: Timestamp) -> GateDecision {
    let mut page = Page::of(&observed.previous);
    let (terms, delivery) = match (Terms::of(&observed.gate.spec), &observed.delivery) {
        (Err(words), _) => return quiet(observed, page, &invalid(words), now),
        (Ok(_), None) => return quiet(observed, page, &missing(observed), now),
        (Ok(terms), Some(delivery)) => (terms, delivery),
    };
    let outdated = outdated(delivery).filter(|_| !page.is_held(delivery));
    if let Some(said) = unclear(delivery).or_else(|| nameless(delivery)).or(outdated) {
        return quiet(observed, page, &said, now);
    }
    page.turn(observed, delivery, now);
    let progress = judge(&mut page, &Bench { observed, delivery, terms: &terms, now });
    let rollback = record(&mut page, observed);
    let said = say(page.current.as_ref(), &progress, observed, delivery);
    let status = fold_gate(observed, page, &said, now);
    let mut actions = strays(observed, &status, &progress);
    actions.extend(progress.make.iter().cloned().map(GateAction::Make));
    actions.extend(rollback);
    let end = progress.concluded.then(|| ended(&status)).flatten();
    // A green verdict is no event: the status says so, and events are for what wants somebody's eyes.
    actions.extend(end.filter(|end| !end.verdict.is_green()).map(|_| event(&status)));
    GateDecision { status, actions, wake: progress.wake, ask_readiness: progress.ask_readiness, end }
}

/// Nothing moves; it is only said why.
fn quiet(observed: &GateObserved, page: Page, said: &super::say::Said, now: Timestamp) -> GateDecision {
    let status = fold_gate(observed, page, said, now);
    GateDecision { status, actions: Vec::new(), wake: None, ask_readiness: false, end: None }
}

/// Executions that nobody waits for any more are asked to stop: of superseded judgements, of those that ended
/// early or ran out of time, and of all workflows but the control once a failure is confirmed.
fn strays(observed: &GateObserved, status: &TestGateStatus, progress: &Progress) -> Vec<GateAction> {
    let current = status.current.as_ref().filter(|current| current.verdict.is_none());
    let wanted = |name: &str| {
        let mut runs = current.into_iter().flat_map(|current| &current.executions);
        runs.any(|run| run.name == name && (!progress.control || run.role == GateRole::Control))
    };
    let running = observed.runs.iter().filter(|(_, run)| matches!(run, Run::Going { cancelling: false }));
    running.filter(|(name, _)| !wanted(name)).map(|(name, _)| GateAction::Cancel(name.clone())).collect()
}

/// The verdict that this decision made final.
fn ended(status: &TestGateStatus) -> Option<GateEnd> {
    let current = status.current.as_ref()?;
    let (verdict, reason, finished) = (current.verdict?, current.reason?, current.finished_at?);
    let lasted = current.seen_at.map(|seen| between(seen, finished)).unwrap_or_default();
    Some(GateEnd { verdict, reason, lasted })
}

fn event(status: &TestGateStatus) -> GateAction {
    let current = status.current.clone().unwrap_or_default();
    let verdict = current.verdict.unwrap_or(Verdict::Errored);
    let words = current.message.unwrap_or_default();
    let message = format!("{} is {verdict}: {words}", short(&current.revision.revision));
    let reason = current.reason.unwrap_or(assay_api::Reason::TestsFailed);
    GateAction::PublishEvent { reason, message }
}
