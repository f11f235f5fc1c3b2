//! What is decided gets written: by a push, or as a pull request.

use std::time::Duration;

use assay_api::{Reason, RevertCommit, RollbackMode, RollbackPhase, RollbackStatus};
use jiff::Timestamp;

use super::company::own_paths;
use super::decision::{RollbackAction, RollbackDecision, in_words};
use super::evaluate::{Chain, evaluate, expired, fold_chain, refuse, short, undecided, written_by};
use super::facts::{OpenOutcome, PullRequestState, PushOutcome, RollbackContext};
use super::verify::{is_overtaken, pushed};
use crate::evidence::Evidence;
use crate::key::rollback_branch;
use crate::paths::within;
use crate::repository::GitFacts;
use crate::time::after;

/// How often a branch may move between decision and push.
const RACES: i32 = 5;
/// A server that did not answer is asked again after this time.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// How long a pull request waits for people.
const PULL_REQUEST: Duration = Duration::from_secs(7 * 24 * 3600);
/// How often the forge is asked whether it was merged; a webhook tells sooner.
const ASK_FORGE: Duration = Duration::from_secs(30);

/// What is to be written stands in the record.
pub(super) fn committing(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let (Some(commit), Some(decided_at)) = (&status.commit, status.decided_at) else {
        return evaluate(evidence, context, now);
    };
    if let Some(outcome) = &context.opened {
        return after_open(evidence, commit, outcome, now);
    }
    if let Some(outcome) = &context.pushed {
        return after_push(evidence, commit, outcome, now);
    }
    let deadline = written_by(evidence, decided_at);
    let git = match &evidence.git {
        Ok(git) => git,
        Err(_) if now >= deadline => {
            let message = "the Git server did not answer in time; it is not known whether the commit arrived";
            return expired(status, message);
        }
        Err(_) => return wait(status, "the Git server does not answer; trying again", deadline, now),
    };
    if let Some(done) = &git.done {
        return pushed(evidence, &RevertCommit { id: done.clone(), ..commit.clone() }, now);
    }
    if now >= deadline {
        return if is_branched(evidence, git, commit) {
            expired(status, &format!("the pull request could not be opened in time; {}", left(commit)))
        } else {
            expired(status, "the commit could not be written in time")
        };
    }
    write(evidence, context, git, commit, now)
}

/// The remote does not have it yet: write it, if all that led to the decision still holds.
fn write(
    evidence: &Evidence,
    context: &RollbackContext,
    git: &GitFacts,
    commit: &RevertCommit,
    now: Timestamp,
) -> RollbackDecision {
    let status = &evidence.status;
    let as_pull_request = is_pull_request(evidence, commit);
    let allowed = match fold_chain(evidence, &context.findings) {
        Chain::Go(RollbackMode::Push) => true,
        Chain::Go(RollbackMode::PullRequest) => as_pull_request,
        _ => false,
    };
    if !allowed || !is_wanted(evidence, context, commit) {
        let branched = is_branched(evidence, git, commit);
        return if branched { half_written(evidence, context, commit, now) } else { evaluate(evidence, context, now) };
    }
    let message = status.message.clone().unwrap_or_default();
    let stay = RollbackDecision::to(RollbackPhase::Committing, status, message).with_findings(&context.findings);
    let stay = stay.until(status.deadline.unwrap_or(now));
    match git.pull_request_branch.as_deref() {
        Some(tip) if as_pull_request && tip == commit.id => stay.then(RollbackAction::OpenPullRequest),
        Some(tip) if as_pull_request => {
            let message = format!(
                "branch {} exists and is at {}, which is not the planned commit {}; delete the branch, then judge \
                 the revision anew",
                commit.branch,
                short(tip),
                short(&commit.id)
            );
            RollbackDecision::to(RollbackPhase::Refused, status, message)
        }
        _ if git.tip == commit.parent => stay.then(RollbackAction::Push),
        _ => lost_race(evidence, now),
    }
}

/// Whether the branch of a pull request, not yet known to be open, has the commit.
fn is_branched(evidence: &Evidence, git: &GitFacts, commit: &RevertCommit) -> bool {
    is_pull_request(evidence, commit) && git.pull_request_branch.as_ref() == Some(&commit.id)
}

fn left(commit: &RevertCommit) -> String {
    format!("branch {} with the commit is left for people", commit.branch)
}

/// The branch has the commit, and somebody objects before its pull request is known to be open. What was decided is
/// not forgotten: decided anew, it would be another commit, and the branch would be in its way.
fn half_written(
    evidence: &Evidence,
    context: &RollbackContext,
    commit: &RevertCommit,
    now: Timestamp,
) -> RollbackDecision {
    let status = &evidence.status;
    let decision = match fold_chain(evidence, &context.findings) {
        Chain::Held(held) => {
            let message = format!("branch {} is pushed; its pull request waits: {}", commit.branch, in_words(&held));
            RollbackDecision::to(RollbackPhase::Committing, status, message)
                .until(status.deadline.unwrap_or(now))
                .wake_by(after(now, TRY_AGAIN))
        }
        Chain::Refused(refused) => {
            let decision = refuse(evidence, &refused);
            let message = format!("{}; {}", decision.message, left(commit));
            let facts = RollbackStatus { commit: Some(commit.clone()), ..decision.facts.clone() };
            RollbackDecision { message, facts, ..decision }
        }
        Chain::Go(_) => {
            let message = format!("what the commit restores is not wanted any more; {}", left(commit));
            RollbackDecision::to(RollbackPhase::Refused, status, message)
        }
    };
    decision.with_findings(&context.findings)
}

/// Whether all that the commit restores is still wanted: by this record, or by those that come along. Of them somebody
/// may have been stopped, or have lost the grant.
fn is_wanted(evidence: &Evidence, context: &RollbackContext, commit: &RevertCommit) -> bool {
    let own = own_paths(evidence, context);
    let wanted: Vec<&String> = own.iter().chain(context.company.iter().flat_map(|other| &other.paths)).collect();
    commit.paths.iter().all(|path| wanted.iter().any(|wanted| within(path, wanted)))
}

fn is_pull_request(evidence: &Evidence, commit: &RevertCommit) -> bool {
    evidence.spec.source.as_ref().is_none_or(|source| source.branch != commit.branch)
}

/// Somebody was faster: everything is judged anew, a few times.
fn lost_race(evidence: &Evidence, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let facts = RollbackStatus { races: status.races.saturating_add(1), ..undecided(status) };
    if facts.races > RACES {
        let message = format!("the branch moved {RACES} times between decision and push; nothing was written");
        return expired(&facts, &message);
    }
    let message = format!("the branch moved between decision and push ({} of {RACES}); judging anew", facts.races);
    RollbackDecision::to(RollbackPhase::Evaluating, &facts, message).wake_by(now)
}

fn after_push(evidence: &Evidence, commit: &RevertCommit, outcome: &PushOutcome, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let as_pull_request = is_pull_request(evidence, commit);
    match outcome {
        PushOutcome::Done if as_pull_request => {
            let message = format!("branch {} is pushed; the pull request is about to be opened", commit.branch);
            RollbackDecision::to(RollbackPhase::Committing, status, message)
                .until(status.deadline.unwrap_or(now))
                .then(RollbackAction::OpenPullRequest)
        }
        PushOutcome::Done => pushed(evidence, commit, now),
        PushOutcome::Moved if as_pull_request => {
            // It may be there from a push that was not acknowledged: the repository tells.
            let message = format!("branch {} exists already; looking at it", commit.branch);
            RollbackDecision::to(RollbackPhase::Committing, status, message)
                .until(status.deadline.unwrap_or(now))
                .wake_by(now)
        }
        PushOutcome::Moved => lost_race(evidence, now),
        PushOutcome::Unavailable(why) => {
            let message = format!("the push was not acknowledged, the repository will tell: {why}");
            wait(status, &message, status.deadline.unwrap_or(now), now)
        }
        PushOutcome::Refused(why) if !as_pull_request && falls_back(evidence) => {
            let branch = rollback_branch(&evidence.spec.key);
            let message = format!("the server refused the push, so it becomes a pull request: {why}");
            let facts = RollbackStatus { commit: Some(RevertCommit { branch, ..commit.clone() }), ..status.clone() };
            RollbackDecision::to(RollbackPhase::Committing, &facts, message)
                .until(status.deadline.unwrap_or(now))
                .wake_by(now)
        }
        PushOutcome::Refused(why) => {
            let message = format!("the server refused the push to {}: {why}", commit.branch);
            RollbackDecision::to(RollbackPhase::Refused, status, message)
        }
    }
}

fn falls_back(evidence: &Evidence) -> bool {
    evidence.spec.policy.pull_request_if_refused && evidence.grant.as_ref().is_ok_and(|grant| grant.forge)
}

fn after_open(evidence: &Evidence, commit: &RevertCommit, outcome: &OpenOutcome, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    match outcome {
        OpenOutcome::Opened(pull_request) => {
            let message = format!("pull request {} waits to be merged: {}", pull_request.number, pull_request.url);
            let facts = RollbackStatus { pull_request: Some(pull_request.clone()), ..status.clone() };
            RollbackDecision::to(RollbackPhase::PullRequestOpen, &facts, message)
                .until(after(now, PULL_REQUEST))
                .wake_by(after(now, ASK_FORGE))
        }
        OpenOutcome::Unavailable(why) => {
            let message = format!("the pull request is not open yet: {why}");
            wait(status, &message, status.deadline.unwrap_or(now), now)
        }
        OpenOutcome::Refused(why) => {
            let message = format!("the forge refuses the pull request: {why}; {}", left(commit));
            RollbackDecision::to(RollbackPhase::Refused, status, message)
        }
    }
}

fn wait(status: &RollbackStatus, message: &str, deadline: Timestamp, now: Timestamp) -> RollbackDecision {
    RollbackDecision::to(RollbackPhase::Committing, status, message)
        .because(Reason::GitUnavailable)
        .until(deadline)
        .wake_by(after(now, TRY_AGAIN))
}

/// A pull request waits for people.
pub(super) fn pull_request_open(evidence: &Evidence, context: &RollbackContext, now: Timestamp) -> RollbackDecision {
    let status = &evidence.status;
    let commit = status.commit.clone().unwrap_or_default();
    let done = evidence.git.as_ref().ok().and_then(|git| git.done.clone());
    let merged = match &context.pull_request {
        // Without its id it is known by its content once it is deployed.
        Some(PullRequestState::Merged(id)) => Some(id.clone().or(done).unwrap_or_else(|| commit.id.clone())),
        _ => done,
    };
    if let Some(id) = merged {
        return pushed(evidence, &RevertCommit { id, ..commit }, now);
    }
    if context.pull_request == Some(PullRequestState::Closed) {
        let message = "somebody closed the pull request without merging it";
        return RollbackDecision::to(RollbackPhase::Refused, status, message);
    }
    // While the repository does not answer, what is green may be this very pull request, merged.
    if evidence.git.is_ok()
        && let Some(newer) = is_overtaken(evidence)
    {
        let message = format!("{newer} is deployed and green; the pull request is not needed any more");
        return RollbackDecision::to(RollbackPhase::Superseded, status, &message)
            .then(RollbackAction::Comment(message));
    }
    let deadline = status.deadline.unwrap_or_else(|| after(now, PULL_REQUEST));
    if now >= deadline {
        let message = "nobody merged the pull request in time; it is left as it is";
        return expired(status, message).then(RollbackAction::Comment(message.to_owned()));
    }
    let message = status.message.clone().unwrap_or_default();
    RollbackDecision::to(RollbackPhase::PullRequestOpen, status, message).until(deadline).wake_by(after(now, ASK_FORGE))
}
