//! Before anything is written.

use super::*;
use crate::repository::GitTrouble;

#[test]
fn who_waits_for_people_has_a_day() {
    let mut evidence = in_phase(RollbackPhase::AwaitingApproval);
    let context = context(&[(Guard::Approved, Answer::Hold)]);
    assert_eq!(decide_rollback(&evidence, &context, at(25 * 60)).phase, RollbackPhase::Expired);
    evidence.spec.policy.approval = true;
    assert_eq!(decide_rollback(&evidence, &context, at(25 * 60)).phase, RollbackPhase::AwaitingApproval);
    assert_eq!(decide_rollback(&evidence, &context, at(25 * 3600)).phase, RollbackPhase::Expired);
}

#[test]
fn the_answers_of_the_guards_lead_to_a_phase() {
    use Answer::{Hold, PullRequest, Refuse, Skipped};
    use RollbackPhase::{AwaitingApproval, Evaluating, Expired, Holding, Refused, Superseded};
    for (was, answers, expected) in [
        (Evaluating, &[][..], Evaluating),
        (Evaluating, &[(Guard::NoMerge, Refuse)], Refused),
        (Evaluating, &[(Guard::NoMerge, Refuse), (Guard::CooledDown, Hold)], Refused),
        (Evaluating, &[(Guard::FreshFailure, Refuse)], Refused),
        (Holding, &[(Guard::FreshFailure, Refuse)], Expired),
        (AwaitingApproval, &[(Guard::FreshFailure, Refuse)], Expired),
        (Holding, &[(Guard::FreshFailure, Refuse), (Guard::NoMerge, Refuse)], Refused),
        (Evaluating, &[(Guard::StillDeployed, Refuse)], Refused),
        (Holding, &[(Guard::StillDeployed, Refuse)], Superseded),
        (Holding, &[(Guard::NothingNewer, Refuse)], Superseded),
        (Evaluating, &[(Guard::CooledDown, Hold)], Holding),
        (Evaluating, &[(Guard::Approved, Hold)], AwaitingApproval),
        (Evaluating, &[(Guard::Approved, Hold), (Guard::NotPaused, Hold)], Holding),
        (Holding, &[(Guard::Approved, Hold)], AwaitingApproval),
        (AwaitingApproval, &[], Evaluating),
        // What was not asked is no yes.
        (Evaluating, &[(Guard::Revertible, Skipped)], Refused),
        (Evaluating, &[(Guard::BranchWritable, PullRequest)], Evaluating),
    ] {
        let decision = decide_rollback(&in_phase(was), &context(answers), at(30));
        assert_eq!(decision.phase, expected, "{was} {answers:?}: {}", decision.message);
        assert_eq!(decision.facts.findings, findings(answers), "the record shows every answer");
        assert!(expected.is_final() || decision.wake.is_some_and(|wake| wake <= at(20 * 60)), "{was} {answers:?}");
    }
}

#[test]
fn a_chain_with_a_hole_lets_nothing_pass() {
    for guard in Guard::ALL {
        let mut context = context(&[]);
        context.findings.retain(|finding| finding.guard != *guard);
        let decision = decide_rollback(&evidence(), &context, at(30));
        assert_eq!((decision.phase, decision.actions.len()), (RollbackPhase::Refused, 0), "without {guard}");
    }
    let mut evidence = evidence();
    evidence.grant = Err("no grant".to_owned());
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(30)).phase, RollbackPhase::Refused);
}

#[test]
fn a_server_that_is_away_is_waited_for_as_long_as_the_failure_is_fresh() {
    let mut evidence = evidence();
    evidence.git = Err(GitTrouble::Unavailable("connection refused".to_owned()));
    let answers = [(Guard::RepositoryReadable, Answer::Refuse), (Guard::NoMerge, Answer::Skipped)];
    let decision = decide_rollback(&evidence, &context(&answers), at(30));
    assert_eq!((decision.phase, decision.reason), (RollbackPhase::Holding, Reason::GitUnavailable));
    assert_eq!(decision.facts.deadline, Some(at(20 * 60)));
    let decision = decide_rollback(&evidence, &context(&answers), at(20 * 60));
    assert_eq!(decision.phase, RollbackPhase::Expired);
    evidence.git = Err(GitTrouble::Denied("403".to_owned()));
    assert_eq!(decide_rollback(&evidence, &context(&answers), at(30)).phase, RollbackPhase::Refused);
}

#[test]
fn the_policy_says_how_old_a_failure_may_be() {
    let mut evidence = evidence();
    evidence.spec.policy.max_failure_age = Some(assay_api::DurationText::new("1m"));
    let hold = context(&[(Guard::CooledDown, Answer::Hold)]);
    assert_eq!(decide_rollback(&evidence, &hold, at(59)).phase, RollbackPhase::Holding);
    assert_eq!(decide_rollback(&evidence, &hold, at(60)).phase, RollbackPhase::Expired);
    assert_eq!(decide_rollback(&evidence, &context(&[]), at(60)).phase, RollbackPhase::Expired);
}

#[test]
fn it_goes_as_far_as_the_most_careful_of_policy_grant_and_guards() {
    use RollbackMode::{Observe, PullRequest, Push};
    let answers =
        |pull_request: bool| if pull_request { vec![(Guard::NoMerge, Answer::PullRequest)] } else { Vec::new() };
    for (policy, grant, guards, expected) in [
        (Push, Push, false, Push),
        (Push, Push, true, PullRequest),
        (Push, PullRequest, false, PullRequest),
        (PullRequest, Push, false, PullRequest),
        (Push, Observe, false, Observe),
        (Observe, Push, true, Observe),
    ] {
        let mut evidence = evidence();
        evidence.spec.policy.mode = policy;
        evidence.grant.as_mut().unwrap().mode = grant;
        let mut context = context(&answers(guards));
        let wanted = request(&decide_rollback(&evidence, &context, at(30)));
        assert_eq!((wanted.parent.as_str(), wanted.date), ("bad0000", at(30)));
        let branch = if expected == PullRequest { "assay/rollback-k1" } else { "main" };
        assert_eq!(wanted.branch, branch);
        let commit = RevertCommit { branch: branch.to_owned(), ..commit() };
        context.planned = Some(PlannedCommit { request: wanted, outcome: PlanOutcome::Commit(commit.clone()) });
        let decision = decide_rollback(&evidence, &context, at(31));
        let phase = if expected == Observe { RollbackPhase::Observed } else { RollbackPhase::Committing };
        assert_eq!((decision.phase, decision.facts.commit), (phase, Some(commit)), "{policy} {grant} {guards}");
        assert_eq!(decision.actions, [], "what is to be written stands in the record before it is");
        assert_eq!(decision.facts.decided_at, (phase == RollbackPhase::Committing).then(|| at(30)));
    }
}

#[test]
fn without_a_forge_there_is_no_pull_request() {
    let mut evidence = evidence();
    evidence.grant.as_mut().unwrap().forge = false;
    let decision = decide_rollback(&evidence, &context(&[(Guard::NoMerge, Answer::PullRequest)]), at(30));
    assert_eq!(decision.phase, RollbackPhase::Refused);
    assert!(decision.message.contains("spec.forge"), "{}", decision.message);
}

#[test]
fn what_came_of_the_plan() {
    let evidence = evidence();
    for (outcome, phase) in [
        (PlanOutcome::Nothing, RollbackPhase::Superseded),
        (PlanOutcome::Impossible("more would change".to_owned()), RollbackPhase::Refused),
        (PlanOutcome::Unavailable("timeout".to_owned()), RollbackPhase::Holding),
    ] {
        let mut context = context(&[]);
        let wanted = request(&decide_rollback(&evidence, &context, at(30)));
        context.planned = Some(PlannedCommit { request: wanted, outcome: outcome.clone() });
        let decision = decide_rollback(&evidence, &context, at(31));
        assert_eq!((decision.phase, decision.facts.commit), (phase, None), "{outcome:?}");
    }
}

#[test]
fn a_plan_on_another_tip_is_made_anew() {
    let mut evidence = evidence();
    let mut context = context(&[]);
    let wanted = request(&decide_rollback(&evidence, &context, at(30)));
    context.planned = Some(PlannedCommit { request: wanted, outcome: PlanOutcome::Commit(commit()) });
    evidence.git.as_mut().unwrap().tip = "newer00".to_owned();
    assert_eq!(request(&decide_rollback(&evidence, &context, at(31))).parent, "newer00");
}
