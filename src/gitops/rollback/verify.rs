//! What is written is watched until it is deployed and judged.

use std::time::Duration;

use assay_api::{Answer, Finding, Guard, Judgement, RevertCommit, RollbackPhase, RollbackStatus, Verdict};
use jiff::Timestamp;

use super::company::{named, own_paths, takes_along};
use super::decision::{RollbackAction, RollbackDecision};
use super::evaluate::{evaluate, expired, short};
use super::facts::RollbackContext;
use crate::delivery::{Delivery, Operation};
use crate::evidence::Evidence;
use crate::time::{after, between, milliseconds, of_policy, text};

/// How long a revert may take, from the push to its green verdict, where the policy does not say.
const RECOVERY: Duration = Duration::from_secs(15 * 60);
/// A controller that did not look at Git is asked again after this time.
const ASK_AGAIN: Duration = Duration::from_secs(20);
/// A leader's next step is near.
const LOOK_SOON: Duration = Duration::from_secs(5);

/// What is deployed, seen from a rollback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deployed {
    /// The revert, or a later commit with the same content.
    Revert,
    /// Still what failed.
    Bad,
    /// Something else: this commit.
    Other(String),
    /// Not known.
    Unknown,
}

/// What is deployed, by commit and then by content.
pub(super) fn deployed(evidence: &Evidence) -> Deployed {
    let attempted = evidence.delivery.as_ref().and_then(|delivery| delivery.attempted.as_deref());
    let (Some(attempted), Some(commit)) = (attempted, &evidence.status.commit) else { return Deployed::Unknown };
    let spec = &evidence.spec;
    if attempted == commit.id {
        return Deployed::Revert;
    }
    if attempted == spec.bad.revision {
        return Deployed::Bad;
    }
    let Ok(git) = &evidence.git else { return Deployed::Unknown };
    let Some(tree) = &git.deployed_tree else { return Deployed::Unknown };
    let is_good = Some(tree) == git.good_tree.as_ref();
    if is_good && spec.good.as_ref().is_none_or(|good| good.revision != attempted) {
        Deployed::Revert
    } else if Some(tree) == git.bad_tree.as_ref() {
        Deployed::Bad
    } else {
        Deployed::Other(attempted.to_owned())
    }
}

/// The revert is on the branch.
pub(super) fn pushed(evidence: &Evidence, commit: &RevertCommit, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let branch = evidence.spec.source.as_ref().map_or_else(|| commit.branch.clone(), |source| source.branch.clone());
    let at = milliseconds(now);
    let commit = RevertCommit { branch, ..commit.clone() };
    let message = format!("commit {} is on {}; waiting until it is deployed", short(&commit.id), commit.branch);
    let facts = RollbackStatus { commit: Some(commit), pushed_at: Some(at), ..status.clone() };
    // The controller is asked by the look that finds the record in this phase, after a crash too.
    RollbackDecision::to(RollbackPhase::Deploying, &facts, message).until(recovered_by(evidence, at)).wake_by(now)
}

fn recovered_by(evidence: &Evidence, pushed_at: Timestamp) -> Timestamp {
    after(pushed_at, of_policy(evidence.spec.policy.recovery_timeout.as_ref(), RECOVERY))
}

/// The leader's commit takes this record's path along.
pub(super) fn joined(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let name = status.joined.clone().unwrap_or_default();
    let Some(leader) = named(evidence, &name) else { return evaluate(evidence, context, now) };
    // After a lost race it may have decided anew, without this record.
    if !takes_along(leader, &own_paths(evidence, context)) || is_called_off(context) {
        return evaluate(evidence, context, now);
    }
    if let (Some(commit), Some(_)) = (&leader.commit, leader.written_at)
        && matches!(
            leader.phase,
            RollbackPhase::Deploying | RollbackPhase::Verifying | RollbackPhase::Recovered | RollbackPhase::Failed
        )
    {
        return pushed(evidence, commit, now);
    }
    match leader.phase {
        RollbackPhase::Committing | RollbackPhase::PullRequestOpen => {
            let waits_for_people = leader.phase == RollbackPhase::PullRequestOpen;
            let deadline = status.deadline.filter(|_| !waits_for_people);
            if deadline.is_some_and(|deadline| now >= deadline) {
                return expired(status, "the rollback that takes this path along did not write in time");
            }
            let message = status.message.clone().unwrap_or_default();
            let facts = RollbackStatus { deadline, ..status.clone() };
            let stay = RollbackDecision::to(RollbackPhase::Joined, &facts, message);
            if waits_for_people { stay } else { stay.wake_by(after(now, LOOK_SOON)) }
        }
        _ => evaluate(evidence, context, now),
    }
}

/// Whether people stopped this record, or took its grant away, while it waits for another one's commit.
fn is_called_off(context: &RollbackContext) -> bool {
    let stops = |finding: &Finding| {
        matches!(finding.guard, Guard::NotPaused | Guard::Granted)
            && matches!(finding.answer, Answer::Hold | Answer::Refuse)
    };
    context.findings.iter().any(stops)
}

/// The revert is on the branch and not deployed yet.
pub(super) fn deploying(evidence: &Evidence, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let commit = status.commit.clone().unwrap_or_default();
    let deadline = deadline(evidence, now);
    let what = deployed(evidence);
    let applied = evidence.delivery.as_ref().is_some_and(|delivery| delivery.applied);
    if what == Deployed::Revert && (applied || judged(evidence).is_some()) {
        let message = format!("commit {} is deployed; waiting for its verdict", short(&commit.id));
        let facts = RollbackStatus { deployed_at: Some(milliseconds(now)), ..status.clone() };
        return RollbackDecision::to(RollbackPhase::Verifying, &facts, message).until(deadline).wake_by(now);
    }
    if let Deployed::Other(commit) = what {
        return superseded(status, &commit);
    }
    if now >= deadline {
        let message = format!(
            "commit {} is on {} but was not deployed in time; {}",
            short(&commit.id),
            commit.branch,
            state_of(evidence.delivery.as_ref())
        );
        return RollbackDecision::to(RollbackPhase::Failed, status, message);
    }
    waiting(evidence, &commit, what == Deployed::Revert, deadline, now)
}

fn waiting(
    evidence: &Evidence,
    commit: &RevertCommit,
    arrives: bool,
    deadline: Timestamp,
    now: Timestamp,
) -> RollbackDecision {
    let stuck = evidence.delivery.as_ref().and_then(|delivery| delivery.operation.as_ref());
    let stuck = stuck.filter(|operation| holds_on(operation, &evidence.spec.bad.revision));
    let (short, branch) = (short(&commit.id), &commit.branch);
    let message = match stuck {
        _ if arrives => format!("commit {short} is being deployed"),
        Some(_) if evidence.spec.policy.unblock => {
            format!("commit {short} is on {branch}; the operation of the bad revision is being ended")
        }
        Some(_) => format!(
            "commit {short} is on {branch}; an operation of the bad revision still runs and does not look at Git \
             again; policy.unblock would end it"
        ),
        None => format!("commit {short} is on {branch}; waiting until it is deployed"),
    };
    let decision = RollbackDecision::to(RollbackPhase::Deploying, &evidence.status, message).until(deadline);
    if arrives {
        return decision;
    }
    let decision = decision.wake_by(after(now, ASK_AGAIN)).then(RollbackAction::Refresh);
    match stuck {
        Some(_) if evidence.spec.policy.unblock => {
            decision.then(RollbackAction::Unblock(evidence.spec.bad.revision.clone()))
        }
        _ => decision,
    }
}

/// Whether an operation of the bad revision runs, or waits for a try that would take the same revision again.
fn holds_on(operation: &Operation, bad: &str) -> bool {
    operation.revision.as_deref() == Some(bad) && !operation.retry_refreshes
}

fn state_of(delivery: Option<&Delivery>) -> String {
    let Some(delivery) = delivery else { return "the delivery does not exist any more".to_owned() };
    let (kind, name) = (delivery.reference.kind, &delivery.reference.name);
    let attempted = delivery.attempted.as_deref().map_or("no revision", short);
    match &delivery.held {
        Some(held) => format!("{kind} {name} is at {attempted}: {held}"),
        None => format!("{kind} {name} is at {attempted}"),
    }
}

/// The revert is deployed, and the gate judges it.
pub(super) fn verifying(evidence: &Evidence, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let commit = status.commit.clone().unwrap_or_default();
    let deadline = deadline(evidence, now);
    if let Some((judgement, verdict)) = judged(evidence) {
        return concluded(evidence, judgement, verdict, now);
    }
    if let Deployed::Other(commit) = deployed(evidence) {
        return superseded(status, &commit);
    }
    if now >= deadline {
        let message = format!("commit {} is deployed but was not judged in time", short(&commit.id));
        return RollbackDecision::to(RollbackPhase::Failed, status, message);
    }
    let message = format!("commit {} is deployed; waiting for its verdict", short(&commit.id));
    RollbackDecision::to(RollbackPhase::Verifying, status, message).until(deadline)
}

fn deadline(evidence: &Evidence, now: Timestamp) -> Timestamp {
    let status = &evidence.status;
    status.deadline.unwrap_or_else(|| recovered_by(evidence, status.pushed_at.unwrap_or(now)))
}

/// The gate's final verdict of the revert, by its commit or by its content.
fn judged(evidence: &Evidence) -> Option<(&Judgement, Verdict)> {
    let gate = evidence.gate.as_ref()?;
    gate.current.iter().chain(&gate.verdicts).find_map(|judgement| {
        let verdict = judgement.verdict.filter(|verdict| *verdict != Verdict::Cancelled)?;
        is_of_revert(evidence, judgement).then_some((judgement, verdict))
    })
}

fn is_of_revert(evidence: &Evidence, judgement: &Judgement) -> bool {
    let (spec, revision) = (&evidence.spec, &judgement.revision);
    // The gate's hash is also about what the delivery is rendered with: it is compared with one of the gate's.
    let known = evidence.git.as_ref().ok().and_then(|git| git.good_tree.as_ref());
    let good = spec.good.as_ref().and_then(|good| good.tree.as_ref()).or(known);
    let same_content = revision.tree.is_some() && revision.tree.as_ref() == good;
    let is_commit = evidence.status.commit.as_ref().is_some_and(|commit| commit.id == revision.revision);
    // What was judged before the failure is the good revision itself, not its restoration.
    let later = judgement.finished_at.is_some_and(|at| at > spec.failed_at);
    (is_commit || same_content) && later && revision.revision != spec.bad.revision
}

fn concluded(evidence: &Evidence, judgement: &Judgement, verdict: Verdict, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let short = short(&judgement.revision.revision);
    if !verdict.is_green() {
        let why = judgement.message.as_deref().unwrap_or("the gate gives no reason");
        let message = format!("the revert {short} was judged {verdict}, not green; somebody must look: {why}");
        return RollbackDecision::to(RollbackPhase::Failed, status, message);
    }
    let recovery = between(evidence.spec.failed_at, judgement.finished_at.unwrap_or(now));
    let message = format!("the revert {short} is deployed and green, {} after the failure", text(recovery));
    let facts = RollbackStatus { recovery_time: Some(text(recovery)), ..status.clone() };
    let decision = RollbackDecision::to(RollbackPhase::Recovered, &facts, message);
    RollbackDecision { recovery: Some(recovery), ..decision }
}

fn superseded(status: &RollbackStatus, commit: &str) -> RollbackDecision {
    let message = format!("{} is deployed now, which is neither the bad revision nor its revert", short(commit));
    RollbackDecision::to(RollbackPhase::Superseded, status, message)
}

/// The revision that is green, when it is another one than the bad one: nobody needs the revert any more.
pub(super) fn is_overtaken(evidence: &Evidence) -> Option<String> {
    let judgement = evidence.gate.as_ref()?.current.as_ref()?;
    let green = judgement.verdict.is_some_and(Verdict::is_green);
    let bad = &evidence.spec.bad;
    let same =
        judgement.revision.revision == bad.revision || (bad.tree.is_some() && judgement.revision.tree == bad.tree);
    (green && !same).then(|| short(&judgement.revision.revision).to_owned())
}
