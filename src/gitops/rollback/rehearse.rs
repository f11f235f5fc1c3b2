//! A dry run: the same guards and the same commit, and nothing after that. It waits for nothing either.

use assay_api::{Answer, Finding, Guard, RevertCommit, RollbackMode, RollbackPhase, RollbackStatus};
use jiff::Timestamp;

use super::decision::{RollbackAction, RollbackDecision};
use super::evaluate::{Chain, fold_chain, held, is_for, planned_as, reach, refuse, short, undecided, wanted};
use super::facts::{PlanOutcome, PlannedCommit, RollbackContext};
use crate::evidence::Evidence;
use crate::time::milliseconds;

/// What would be done. The commit is planned also where a guard says no, if it can be: who asks wants to see it.
/// The only thing that is ever to be done outside is to plan it.
pub(super) fn rehearse(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    let chain = fold_chain(evidence, &context.findings);
    let mode = match &chain {
        Chain::Go(mode) => *mode,
        Chain::Refused(_) | Chain::Held(_) => reach(evidence, &context.findings),
    };
    let planned = match may_be_planned(context).then(|| wanted(evidence, context, mode, now)) {
        Some(Ok(wanted)) => match context.planned.as_ref().filter(|planned| is_for(planned, &wanted)) {
            Some(planned) => Ok(planned),
            None => {
                let words = "the guards gave their answers; the commit is being planned";
                let decision = RollbackDecision::to(RollbackPhase::Evaluating, &undecided(&evidence.status), words);
                return decision.with_findings(&context.findings).then(RollbackAction::Plan(wanted));
            }
        },
        Some(Err(why)) => Err(why),
        None => Err("the grant does not cover it".to_owned()),
    };
    let decision = match (&chain, &planned) {
        (Chain::Refused(refused), _) => shown(refuse(evidence, refused), planned.ok()),
        (Chain::Held(holding), _) => shown(held(evidence, holding), planned.ok()),
        (Chain::Go(mode), Ok(planned)) => would(evidence, *mode, planned, now),
        (Chain::Go(_), Err(why)) => {
            RollbackDecision::to(RollbackPhase::Refused, &undecided(&evidence.status), why.clone())
        }
    };
    over(decision.with_findings(&context.findings), now)
}

/// What the grant does not cover is not looked into.
fn may_be_planned(context: &RollbackContext) -> bool {
    let refuses = |finding: &Finding| finding.guard == Guard::Granted && finding.answer == Answer::Refuse;
    !context.findings.iter().any(refuses)
}

/// With the commit, if there is one.
fn shown(mut decision: RollbackDecision, planned: Option<&PlannedCommit>) -> RollbackDecision {
    if let Some(PlannedCommit { outcome: PlanOutcome::Commit(commit), .. }) = planned {
        decision.facts.commit = Some(commit.clone());
    }
    decision
}

fn would(evidence: &Evidence, mode: RollbackMode, planned: &PlannedCommit, now: Timestamp) -> RollbackDecision {
    let PlanOutcome::Commit(commit) = &planned.outcome else { return planned_as(evidence, mode, planned, now) };
    let RevertCommit { id, branch, files, .. } = commit;
    let what = format!("commit {} that restores {} file(s)", short(id), files.len());
    let message = match mode {
        RollbackMode::Observe => format!("all guards agree: {what} on {branch} would be recorded, and not written"),
        RollbackMode::Push => format!("all guards agree: {what} would be pushed to {branch}"),
        RollbackMode::PullRequest => {
            let base = evidence.spec.source.as_ref().map(|source| source.branch.as_str()).unwrap_or_default();
            format!("all guards agree: {what} would be pushed to {branch}, and a pull request to {base} be opened")
        }
    };
    let facts = RollbackStatus { commit: Some(commit.clone()), ..undecided(&evidence.status) };
    RollbackDecision::to(RollbackPhase::Observed, &facts, message)
}

/// Whatever the answer is, it is the last one.
fn over(mut decision: RollbackDecision, now: Timestamp) -> RollbackDecision {
    decision.facts.finished_at = Some(milliseconds(now));
    decision.facts.deadline = None;
    RollbackDecision { actions: Vec::new(), wake: None, ..decision }
}
