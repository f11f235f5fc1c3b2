//! The pull request.

use super::*;
use crate::repository::GitTrouble;

fn committing() -> Evidence {
    let mut evidence = in_phase(RollbackPhase::Committing);
    evidence.status.commit.as_mut().unwrap().branch = "assay/rollback-k1".to_owned();
    evidence
}

fn open() -> Evidence {
    let mut evidence = committing();
    evidence.status.phase = RollbackPhase::PullRequestOpen;
    evidence.status.pull_request = Some(pull_request());
    evidence.status.deadline = Some(at(7 * 24 * 3600));
    evidence
}

fn seen(state: PullRequestState) -> RollbackContext {
    RollbackContext { pull_request: Some(state), ..RollbackContext::default() }
}

#[test]
fn the_branch_comes_first_and_then_the_request() {
    let mut evidence = committing();
    let mut context = context(&[(Guard::BranchWritable, Answer::PullRequest)]);
    let decision = decide_rollback(&evidence, &context, at(12));
    assert_eq!(decision.actions, [RollbackAction::Push]);
    context.pushed = Some(PushOutcome::Done);
    let decision = decide_rollback(&evidence, &context, at(12));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Committing, vec![RollbackAction::OpenPullRequest]));
    for (outcome, phase) in [
        (OpenOutcome::Opened(pull_request()), RollbackPhase::PullRequestOpen),
        (OpenOutcome::Unavailable("404".to_owned()), RollbackPhase::Committing),
        (OpenOutcome::Refused("no rights".to_owned()), RollbackPhase::Refused),
    ] {
        context.opened = Some(outcome.clone());
        let decision = decide_rollback(&evidence, &context, at(12));
        assert_eq!((decision.phase, decision.actions.len()), (phase, 0), "{outcome:?}");
    }
    // After a crash in between.
    let context = RollbackContext { pushed: None, opened: None, ..context };
    evidence.git.as_mut().unwrap().pull_request_branch = Some("rev0000".to_owned());
    evidence.git.as_mut().unwrap().tip = "newer00".to_owned();
    let decision = decide_rollback(&evidence, &context, at(12));
    assert_eq!(decision.actions, [RollbackAction::OpenPullRequest], "where main is does not matter any more");
}

#[test]
fn who_objects_to_a_branch_that_is_there_does_not_make_another_commit_of_it() {
    let mut evidence = committing();
    evidence.git.as_mut().unwrap().pull_request_branch = Some("rev0000".to_owned());
    let held = decide_rollback(&evidence, &context(&[(Guard::CooledDown, Answer::Hold)]), at(12));
    assert_eq!((held.phase, held.actions.len()), (RollbackPhase::Committing, 0));
    assert!(held.message.contains("waits") && held.wake.is_some(), "{held:?}");
    let decided = |status: &RollbackStatus| (status.commit.clone(), status.decided_at, status.deadline);
    assert_eq!(decided(&held.facts), decided(&evidence.status), "what was decided is not forgotten");
    let refused = decide_rollback(&evidence, &context(&[(Guard::NothingNewer, Answer::Refuse)]), at(12));
    assert_eq!(refused.phase, RollbackPhase::Superseded);
    let late = decide_rollback(&evidence, &context(&[]), evidence.status.deadline.unwrap());
    assert_eq!(late.phase, RollbackPhase::Expired);
    for over in [refused, late] {
        assert!(over.message.contains("branch assay/rollback-k1 with the commit is left"), "{}", over.message);
    }
}

#[test]
fn a_branch_of_somebody_else_is_left_alone() {
    let mut evidence = committing();
    evidence.git.as_mut().unwrap().pull_request_branch = Some("other00".to_owned());
    let decision = decide_rollback(&evidence, &context(&[]), at(12));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Refused, vec![]));
    assert!(decision.message.contains("assay/rollback-k1"), "{}", decision.message);
    let moved = RollbackContext { pushed: Some(PushOutcome::Moved), ..context(&[]) };
    let decision = decide_rollback(&evidence, &moved, at(12));
    assert_eq!((decision.phase, decision.wake, decision.facts.races), (RollbackPhase::Committing, Some(at(12)), 0));
}

#[test]
fn people_decide_about_it() {
    for (state, seconds, phase) in [
        (Some(PullRequestState::Open), 60, RollbackPhase::PullRequestOpen),
        (None, 60, RollbackPhase::PullRequestOpen),
        (Some(PullRequestState::Merged(Some("mrg0000".to_owned()))), 60, RollbackPhase::Deploying),
        (Some(PullRequestState::Closed), 60, RollbackPhase::Refused),
        (Some(PullRequestState::Open), 7 * 24 * 3600, RollbackPhase::Expired),
        (Some(PullRequestState::Merged(Some("mrg0000".to_owned()))), 8 * 24 * 3600, RollbackPhase::Deploying),
    ] {
        let context = RollbackContext { pull_request: state.clone(), ..RollbackContext::default() };
        let decision = decide_rollback(&open(), &context, at(seconds));
        assert_eq!(decision.phase, phase, "{state:?} after {seconds}");
    }
    let decision = decide_rollback(&open(), &seen(PullRequestState::Merged(Some("mrg0000".to_owned()))), at(60));
    let commit = decision.facts.commit.unwrap();
    assert_eq!((commit.id.as_str(), commit.branch.as_str()), ("mrg0000", "main"));
    assert_eq!(decision.facts.deadline, Some(at(60 + 15 * 60)));
}

#[test]
fn a_merge_that_only_the_repository_knows_counts() {
    let mut evidence = open();
    evidence.git.as_mut().unwrap().done = Some("sqs0000".to_owned());
    let decision = decide_rollback(&evidence, &RollbackContext::default(), at(60));
    assert_eq!((decision.phase, decision.facts.commit.unwrap().id.as_str()), (RollbackPhase::Deploying, "sqs0000"));
}

#[test]
fn a_green_newer_revision_makes_it_superfluous() {
    let mut evidence = open();
    evidence.gate.as_mut().unwrap().current = Some(judged("fix0000", Verdict::Passed, 50));
    let decision = decide_rollback(&evidence, &seen(PullRequestState::Open), at(60));
    assert_eq!(decision.phase, RollbackPhase::Superseded);
    assert!(matches!(decision.actions.as_slice(), [RollbackAction::Comment(_)]));
    evidence.git = Err(GitTrouble::Unavailable("503".to_owned()));
    let decision = decide_rollback(&evidence, &RollbackContext::default(), at(60));
    assert_eq!(decision.phase, RollbackPhase::PullRequestOpen, "it may be this very request, merged");
    evidence.gate.as_mut().unwrap().current = Some(judged("fix0000", Verdict::Failed, 50));
    let decision = decide_rollback(&evidence, &seen(PullRequestState::Open), at(60));
    assert_eq!(decision.phase, RollbackPhase::PullRequestOpen);
}
