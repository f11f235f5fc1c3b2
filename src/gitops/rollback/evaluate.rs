//! Before anything is written: the guards' answers, folded.

use std::time::Duration;

use assay_api::{Answer, Finding, Guard, Reason, RevertCommit, RollbackMode, RollbackPhase, RollbackStatus};
use jiff::Timestamp;

use super::company::{carried_out_by, entries, name, own_paths, takes_along};
use super::decision::{RollbackAction, RollbackDecision, in_words};
use super::facts::{PlanOutcome, PlanRequest, PlannedCommit, RollbackContext};
use crate::evidence::Evidence;
use crate::guards::{ask_again_at, fresh_until, leader};
use crate::key::rollback_branch;
use crate::repository::GitTrouble;
use crate::time::{after, seconds};

/// What is decided just before that may still take this long to be written: a Git server that restarts.
const WRITING: Duration = Duration::from_secs(5 * 60);
/// Some reasons to hold end without a sign: an annotation on a namespace, a server that comes back.
const LOOK_AGAIN: Duration = Duration::from_secs(15);
/// A neighbour's verdict, or a leader's decision, is near.
const LOOK_SOON: Duration = Duration::from_secs(5);

/// What the guards' answers come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Chain<'a> {
    /// These say no.
    Refused(Vec<&'a Finding>),
    /// These say not yet.
    Held(Vec<&'a Finding>),
    /// It may go on, this far.
    Go(RollbackMode),
}

/// By when it must be decided: as long as the failure counts.
pub(super) fn decided_by(evidence: &Evidence) -> Timestamp {
    fresh_until(evidence).unwrap_or(evidence.spec.failed_at)
}

/// By when what was decided must be on the server.
pub(super) fn written_by(evidence: &Evidence, decided_at: Timestamp) -> Timestamp {
    decided_by(evidence).max(after(decided_at, WRITING))
}

/// Folds the answers. What was not asked, or not answered, is a no: only a complete chain lets anything pass.
pub(super) fn fold_chain<'a>(evidence: &Evidence, findings: &'a [Finding]) -> Chain<'a> {
    let of = |answer: Answer| findings.iter().filter(move |finding| finding.answer == answer);
    let unavailable = matches!(evidence.git, Err(GitTrouble::Unavailable(_)));
    // A server that does not answer says nothing of the revision.
    let waits_for_git = |finding: &&Finding| unavailable && finding.guard == Guard::RepositoryReadable;
    let refused: Vec<&Finding> = of(Answer::Refuse).filter(|finding| !waits_for_git(finding)).collect();
    if !refused.is_empty() {
        return Chain::Refused(refused);
    }
    let held: Vec<&Finding> = of(Answer::Hold).chain(of(Answer::Refuse)).collect();
    if !held.is_empty() {
        return Chain::Held(held);
    }
    let skipped: Vec<&Finding> = of(Answer::Skipped).collect();
    let complete = Guard::ALL.iter().all(|guard| findings.iter().any(|finding| finding.guard == *guard));
    if evidence.grant.is_ok() && complete && skipped.is_empty() {
        Chain::Go(reach(evidence, findings))
    } else {
        Chain::Refused(skipped)
    }
}

/// How far policy, grant and answers let it go, as long as nobody says no.
pub(super) fn reach(evidence: &Evidence, findings: &[Finding]) -> RollbackMode {
    let careful = findings.iter().any(|finding| finding.answer == Answer::PullRequest);
    let asked = if careful { RollbackMode::PullRequest } else { RollbackMode::Push };
    let allowed = evidence.grant.as_ref().map_or(RollbackMode::Observe, |grant| grant.mode);
    least(asked, least(evidence.spec.policy.mode, allowed))
}

/// The one that goes less far.
pub(super) fn least(a: RollbackMode, b: RollbackMode) -> RollbackMode {
    match (a, b) {
        (RollbackMode::Observe, _) | (_, RollbackMode::Observe) => RollbackMode::Observe,
        (RollbackMode::PullRequest, _) | (_, RollbackMode::PullRequest) => RollbackMode::PullRequest,
        _ => RollbackMode::Push,
    }
}

/// Nothing is decided yet, or it has to be decided anew.
pub(super) fn evaluate(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    // What the guards then object to is that very commit.
    if let Some(leader) = carried_out_by(evidence, &own_paths(evidence, context)) {
        return join(evidence, &name(&leader.record), now).with_findings(&context.findings);
    }
    let chain = fold_chain(evidence, &context.findings);
    let decision = match chain {
        Chain::Refused(refused) => refuse(evidence, &refused),
        _ if now >= decided_by(evidence) => {
            expired(&evidence.status, "the failure is too old by now; nothing was written to Git")
        }
        Chain::Held(held) => hold(evidence, context, &held, now),
        Chain::Go(mode) => go(evidence, context, mode, now),
    };
    decision.with_findings(&context.findings)
}

/// Nothing was, or will be, written: too late.
pub(super) fn expired(facts: &RollbackStatus, message: &str) -> RollbackDecision {
    RollbackDecision::to(RollbackPhase::Expired, facts, message)
}

/// Which kind of no it is depends on what went before: what was about to be done and then was overtaken by
/// something newer is superseded, what only waited too long is expired.
pub(super) fn refuse(evidence: &Evidence, refused: &[&Finding]) -> RollbackDecision {
    let status = &evidence.status;
    let words = in_words(refused);
    let words =
        if words.is_empty() { "not all guards gave an answer, which is taken for a no".to_owned() } else { words };
    let waited = status.phase != RollbackPhase::Evaluating || status.races > 0;
    let overtaken = |guard| matches!(guard, Guard::StillDeployed | Guard::NothingNewer);
    let phase = if waited && refused.iter().all(|finding| finding.guard == Guard::FreshFailure) && !refused.is_empty() {
        RollbackPhase::Expired
    } else if waited && refused.iter().any(|finding| overtaken(finding.guard)) {
        RollbackPhase::Superseded
    } else {
        RollbackPhase::Refused
    };
    RollbackDecision::to(phase, &undecided(status), words)
}

/// Not yet: what the record says of it.
pub(super) fn held(evidence: &Evidence, held: &[&Finding]) -> RollbackDecision {
    let approval = held.iter().all(|finding| finding.guard == Guard::Approved);
    let phase = if approval { RollbackPhase::AwaitingApproval } else { RollbackPhase::Holding };
    let decision = RollbackDecision::to(phase, &undecided(&evidence.status), in_words(held));
    let waits_for_git = held.iter().any(|finding| finding.guard == Guard::RepositoryReadable);
    if waits_for_git { decision.because(Reason::GitUnavailable) } else { decision }
}

fn hold(evidence: &Evidence, context: &RollbackContext, held: &[&Finding], now: Timestamp) -> RollbackDecision {
    if held.iter().all(|finding| finding.guard == Guard::Coalesced)
        && let Some(leader) = leader(evidence)
        && takes_along(leader, &own_paths(evidence, context))
    {
        return join(evidence, &name(&leader.record), now);
    }
    let decision = self::held(evidence, held);
    let soon = held.iter().any(|finding| finding.guard == Guard::Coalesced);
    let again = after(now, if soon { LOOK_SOON } else { LOOK_AGAIN });
    let known = ask_again_at(evidence, &context.findings, now).unwrap_or(again);
    decision.until(decided_by(evidence)).wake_by(again.min(known))
}

/// The leader's commit restores this record's path too.
fn join(evidence: &Evidence, leader: &str, now: Timestamp) -> RollbackDecision {
    let message = format!("rollback {leader} takes the same commit back and restores this path too");
    let mut facts = undecided(&evidence.status);
    facts.joined = Some(leader.to_owned());
    RollbackDecision::to(RollbackPhase::Joined, &facts, message)
        .until(written_by(evidence, now))
        .wake_by(after(now, LOOK_SOON))
}

/// The record without anything that was decided earlier.
pub(super) fn undecided(status: &RollbackStatus) -> RollbackStatus {
    RollbackStatus { commit: None, decided_at: None, joined: None, deadline: None, ..status.clone() }
}

/// All guards agree: plan the commit, then record it.
fn go(evidence: &Evidence, context: &RollbackContext, mode: RollbackMode, now: Timestamp) -> RollbackDecision {
    let wanted = match wanted(evidence, context, mode, now) {
        Ok(wanted) => wanted,
        Err(why) => return RollbackDecision::to(RollbackPhase::Refused, &undecided(&evidence.status), why),
    };
    match context.planned.as_ref().filter(|planned| is_for(planned, &wanted)) {
        None => plan(evidence, wanted),
        Some(planned) => planned_as(evidence, mode, planned, now),
    }
}

/// The commit that is to be planned; or why there is none.
pub(super) fn wanted(
    evidence: &Evidence,
    context: &RollbackContext,
    mode: RollbackMode,
    now: Timestamp,
) -> Result<PlanRequest, String> {
    let (Ok(git), Some(source), Ok(grant)) = (&evidence.git, &evidence.spec.source, &evidence.grant) else {
        let why = "the guards agree, but repository, source or grant are not known, which is taken for a no";
        return Err(why.to_owned());
    };
    if mode == RollbackMode::PullRequest && !grant.forge {
        return Err(format!(
            "it may only go on as a pull request, and GitWriteAccess {} names no forge; set its spec.forge",
            grant.name
        ));
    }
    let branch = match mode {
        RollbackMode::PullRequest => rollback_branch(&evidence.spec.key),
        RollbackMode::Observe | RollbackMode::Push => source.branch.clone(),
    };
    let entries = entries(evidence, context, mode);
    Ok(PlanRequest { parent: git.tip.clone(), branch, date: seconds(now), entries })
}

/// The date is that of the request: time goes on while a commit is planned.
pub(super) fn is_for(planned: &PlannedCommit, wanted: &PlanRequest) -> bool {
    let request = &planned.request;
    (&request.parent, &request.branch, &request.entries) == (&wanted.parent, &wanted.branch, &wanted.entries)
}

fn plan(evidence: &Evidence, request: PlanRequest) -> RollbackDecision {
    let message = "all guards agree; the commit is being planned";
    RollbackDecision::to(RollbackPhase::Evaluating, &undecided(&evidence.status), message)
        .until(decided_by(evidence))
        .then(RollbackAction::Plan(request))
}

pub(super) fn planned_as(
    evidence: &Evidence,
    mode: RollbackMode,
    planned: &PlannedCommit,
    now: Timestamp,
) -> RollbackDecision {
    let facts = undecided(&evidence.status);
    match &planned.outcome {
        PlanOutcome::Commit(commit) if mode == RollbackMode::Observe => observed(evidence, commit),
        PlanOutcome::Commit(commit) => intend(evidence, commit.clone(), planned.request.date),
        PlanOutcome::Nothing => {
            let message = "the branch has the good content already; there is nothing to take back";
            RollbackDecision::to(RollbackPhase::Superseded, &facts, message)
        }
        PlanOutcome::Impossible(why) => {
            let message = format!("the commit cannot be made: {why}");
            RollbackDecision::to(RollbackPhase::Refused, &facts, message)
        }
        PlanOutcome::Unavailable(why) => {
            let message = format!("the commit cannot be planned yet: {why}");
            RollbackDecision::to(RollbackPhase::Holding, &facts, message)
                .because(Reason::GitUnavailable)
                .until(decided_by(evidence))
                .wake_by(after(now, LOOK_AGAIN))
        }
    }
}

fn observed(evidence: &Evidence, commit: &RevertCommit) -> RollbackDecision {
    let message = format!(
        "all guards agree: commit {} would restore {} file(s) on {}; the mode is Observe, so nothing is written",
        short(&commit.id),
        commit.files.len(),
        commit.branch
    );
    let facts = RollbackStatus { commit: Some(commit.clone()), ..undecided(&evidence.status) };
    RollbackDecision::to(RollbackPhase::Observed, &facts, message)
}

/// What is about to be written stands in the record before it is.
fn intend(evidence: &Evidence, commit: RevertCommit, date: Timestamp) -> RollbackDecision {
    let message = format!("commit {} is about to be pushed to {}", short(&commit.id), commit.branch);
    let facts = RollbackStatus { commit: Some(commit), decided_at: Some(date), ..undecided(&evidence.status) };
    let deadline = written_by(evidence, date);
    // The look goes on at once; after a crash the next one does.
    RollbackDecision::to(RollbackPhase::Committing, &facts, message).until(deadline).wake_by(date)
}

/// The first seven characters of a commit id.
pub(super) fn short(id: &str) -> &str {
    id.get(..7).unwrap_or(id)
}
