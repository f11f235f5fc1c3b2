//! The push.

use super::*;
use crate::repository::GitTrouble;

fn pushed(outcome: PushOutcome) -> RollbackContext {
    RollbackContext { pushed: Some(outcome), ..context(&[]) }
}

#[test]
fn what_is_recorded_is_pushed_while_its_parent_is_the_tip() {
    let decision = decide_rollback(&in_phase(RollbackPhase::Committing), &context(&[]), at(12));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Committing, vec![RollbackAction::Push]));
}

#[test]
fn what_came_of_the_push() {
    for (outcome, phase, races) in [
        (PushOutcome::Done, RollbackPhase::Deploying, 0),
        (PushOutcome::Moved, RollbackPhase::Evaluating, 1),
        (PushOutcome::Refused("protected".to_owned()), RollbackPhase::Refused, 0),
        (PushOutcome::Unavailable("timeout".to_owned()), RollbackPhase::Committing, 0),
    ] {
        let decision = decide_rollback(&in_phase(RollbackPhase::Committing), &pushed(outcome.clone()), at(12));
        assert_eq!((decision.phase, decision.facts.races), (phase, races), "{outcome:?}");
        assert_eq!(decision.actions, [], "nothing is pushed twice in one look: {outcome:?}");
    }
    let decision = decide_rollback(&in_phase(RollbackPhase::Committing), &pushed(PushOutcome::Done), at(12));
    assert_eq!((decision.facts.pushed_at, decision.facts.deadline), (Some(at(12)), Some(at(12 + 15 * 60))));
}

#[test]
fn after_a_crash_the_repository_tells_whether_it_was_pushed() {
    let mut evidence = in_phase(RollbackPhase::Committing);
    let git = evidence.git.as_mut().unwrap();
    (git.tip, git.done) = ("rev0000".to_owned(), Some("rev0000".to_owned()));
    let decision = decide_rollback(&evidence, &context(&[(Guard::NotDoneBefore, Answer::Refuse)]), at(60));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Deploying, vec![]));
    assert_eq!(decision.facts.pushed_at, Some(at(60)));
    // Somebody's commit came after it.
    evidence.git.as_mut().unwrap().tip = "newer00".to_owned();
    let decision = decide_rollback(&evidence, &context(&[(Guard::NothingNewer, Answer::Refuse)]), at(60));
    assert_eq!(decision.phase, RollbackPhase::Deploying);
    // Even when it is late.
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(7200)).phase, RollbackPhase::Deploying);
}

#[test]
fn a_tip_that_moved_is_a_lost_race_and_there_are_only_so_many() {
    let mut evidence = in_phase(RollbackPhase::Committing);
    evidence.git.as_mut().unwrap().tip = "newer00".to_owned();
    let decision = decide_rollback(&evidence, &context(&[]), at(12));
    assert_eq!((decision.phase, decision.facts.races, &decision.facts.commit), (RollbackPhase::Evaluating, 1, &None));
    evidence.status.races = 5;
    let decision = decide_rollback(&evidence, &context(&[]), at(12));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Expired, vec![]));
}

#[test]
fn a_no_between_intention_and_push_counts() {
    for (answers, phase) in [
        (&[(Guard::NotPaused, Answer::Hold)][..], RollbackPhase::Holding),
        (&[(Guard::Granted, Answer::Refuse)], RollbackPhase::Refused),
        (&[(Guard::StillDeployed, Answer::Refuse)], RollbackPhase::Superseded),
        (&[(Guard::FreshFailure, Answer::Refuse)], RollbackPhase::Expired),
        (&[(Guard::BranchWritable, Answer::PullRequest)], RollbackPhase::Evaluating),
    ] {
        let decision = decide_rollback(&in_phase(RollbackPhase::Committing), &context(answers), at(12));
        assert_eq!(decision.phase, phase, "{answers:?}");
        assert!(!decision.actions.contains(&RollbackAction::Push), "{answers:?}");
    }
}

#[test]
fn a_server_that_is_away_is_waited_for_and_not_for_ever() {
    let mut evidence = in_phase(RollbackPhase::Committing);
    evidence.git = Err(GitTrouble::Unavailable("connection refused".to_owned()));
    let decision = decide_rollback(&evidence, &context(&[]), at(60));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Committing, vec![]));
    assert_eq!((decision.reason, decision.wake), (Reason::GitUnavailable, Some(at(70))));
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(20 * 60)).phase, RollbackPhase::Expired);
    // What was decided at the last moment has its time to be written.
    evidence.status.decided_at = Some(at(20 * 60 - 1));
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(20 * 60)).phase, RollbackPhase::Committing);
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(25 * 60)).phase, RollbackPhase::Expired);
}

#[test]
fn a_refused_push_becomes_a_pull_request_where_the_policy_says_so() {
    let mut evidence = in_phase(RollbackPhase::Committing);
    evidence.spec.policy.pull_request_if_refused = true;
    let refused = pushed(PushOutcome::Refused("protected branch".to_owned()));
    let decision = decide_rollback(&evidence, &refused, at(12));
    assert_eq!((decision.phase, &decision.actions), (RollbackPhase::Committing, &vec![]));
    let commit = decision.facts.commit.clone().unwrap();
    assert_eq!((commit.branch.as_str(), commit.id.as_str()), ("assay/rollback-k1", "rev0000"));
    // The next decision goes on from the record.
    evidence.status = decision.facts;
    let decision = decide_rollback(&evidence, &context(&[]), at(13));
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Committing, vec![RollbackAction::Push]));
    evidence.grant.as_mut().unwrap().forge = false;
    evidence.status.commit = Some(super::commit());
    assert_eq!(decide_rollback(&evidence, &refused, at(12)).phase, RollbackPhase::Refused);
}
