//! Deployment and judgement of the revert.

use super::*;
use crate::delivery::Operation;

fn attempted(evidence: &mut Evidence, commit: &str, applied: bool) {
    let delivery = evidence.delivery.as_mut().unwrap();
    (delivery.attempted, delivery.applied) = (Some(commit.to_owned()), applied);
}

fn decide(evidence: &Evidence, seconds: i64) -> RollbackDecision {
    decide_rollback(evidence, &RollbackContext::default(), at(seconds))
}

#[test]
fn it_is_deployed_by_its_commit_or_by_its_content() {
    for (commit, tree, applied, phase) in [
        ("bad0000", None, true, RollbackPhase::Deploying),
        ("rev0000", None, false, RollbackPhase::Deploying),
        ("rev0000", None, true, RollbackPhase::Verifying),
        // A later commit that leaves the delivered paths alone.
        ("lat0000", Some("tree-of-good000"), true, RollbackPhase::Verifying),
        ("lat0000", Some("tree-of-bad0000"), true, RollbackPhase::Deploying),
        ("lat0000", Some("tree-of-fix"), true, RollbackPhase::Superseded),
        ("lat0000", None, true, RollbackPhase::Deploying),
        // Somebody went back without Git: the branch is still to come.
        ("good000", Some("tree-of-good000"), true, RollbackPhase::Superseded),
    ] {
        let mut evidence = in_phase(RollbackPhase::Deploying);
        attempted(&mut evidence, commit, applied);
        evidence.git.as_mut().unwrap().deployed_tree = tree.map(str::to_owned);
        let decision = decide(&evidence, 60);
        assert_eq!(decision.phase, phase, "{commit} {tree:?} {applied}: {}", decision.message);
    }
}

#[test]
fn the_controller_is_asked_until_it_has_the_revert() {
    let mut evidence = in_phase(RollbackPhase::Deploying);
    let decision = decide(&evidence, 60);
    assert_eq!((decision.actions, decision.wake), (vec![RollbackAction::Refresh], Some(at(80))));
    attempted(&mut evidence, "rev0000", false);
    assert_eq!(decide(&evidence, 60).actions, []);
    evidence.delivery = None;
    assert_eq!(decide(&evidence, 60).actions, [RollbackAction::Refresh]);
}

#[test]
fn an_operation_of_the_bad_revision_is_ended_only_where_the_policy_says_so() {
    let stuck = |revision: &str, retry_refreshes| Operation {
        revision: Some(revision.to_owned()),
        retry_refreshes,
        ..Operation::default()
    };
    let unblock = RollbackAction::Unblock("bad0000".to_owned());
    for (operation, policy, ends) in [
        (Some(stuck("bad0000", false)), true, true),
        (Some(stuck("bad0000", false)), false, false),
        (Some(stuck("bad0000", true)), true, false),
        (Some(stuck("rev0000", false)), true, false),
        (None, true, false),
    ] {
        let mut evidence = in_phase(RollbackPhase::Deploying);
        evidence.delivery.as_mut().unwrap().operation = operation.clone();
        evidence.spec.policy.unblock = policy;
        let decision = decide(&evidence, 60);
        assert_eq!(decision.actions.contains(&unblock), ends, "{operation:?} {policy}");
    }
}

#[test]
fn a_revert_that_is_not_deployed_in_time_has_failed() {
    let mut evidence = in_phase(RollbackPhase::Deploying);
    evidence.delivery.as_mut().unwrap().held = Some("automated sync is off".to_owned());
    assert_eq!(decide(&evidence, 11 + 15 * 60 - 1).phase, RollbackPhase::Deploying);
    let decision = decide(&evidence, 11 + 15 * 60);
    assert_eq!((decision.phase, decision.actions), (RollbackPhase::Failed, vec![]));
    assert!(decision.message.contains("automated sync is off"), "{}", decision.message);
}

#[test]
fn the_verdict_of_the_revert_and_of_nothing_else_counts() {
    use RollbackPhase::{Failed, Recovered, Verifying};
    for (commit, verdict, finished, phase) in [
        ("rev0000", Some(Verdict::Passed), 92, Recovered),
        ("rev0000", Some(Verdict::Flaky), 92, Recovered),
        ("rev0000", Some(Verdict::Failed), 92, Failed),
        ("rev0000", Some(Verdict::Errored), 92, Failed),
        ("rev0000", Some(Verdict::Cancelled), 92, Verifying),
        ("rev0000", None, 92, Verifying),
        ("bad0000", Some(Verdict::Passed), 92, Verifying),
        ("fix0000", Some(Verdict::Passed), 92, Verifying),
        // The good revision's own judgement of before the failure.
        ("good000", Some(Verdict::Passed), -60, Verifying),
    ] {
        let mut evidence = in_phase(RollbackPhase::Verifying);
        attempted(&mut evidence, "rev0000", true);
        let judgement = Judgement { verdict, ..judged(commit, Verdict::Passed, finished) };
        evidence.gate.as_mut().unwrap().current = Some(judgement);
        let decision = decide(&evidence, 100);
        assert_eq!(decision.phase, phase, "{commit} {verdict:?}: {}", decision.message);
        let recovered = decision.facts.recovery_time.as_deref();
        assert_eq!(recovered, (phase == Recovered).then_some("1m32s"), "{commit} {verdict:?}");
    }
}

#[test]
fn equal_content_of_a_later_commit_is_verified_too() {
    let mut evidence = in_phase(RollbackPhase::Verifying);
    attempted(&mut evidence, "lat0000", true);
    evidence.git.as_mut().unwrap().deployed_tree = Some("tree-of-good000".to_owned());
    let mut judgement = judged("lat0000", Verdict::Passed, 92);
    judgement.revision.tree = Some("tree-of-good000".to_owned());
    evidence.gate.as_mut().unwrap().current = Some(judgement);
    assert_eq!(decide(&evidence, 100).phase, RollbackPhase::Recovered);
}

#[test]
fn what_comes_in_between_supersedes_and_silence_fails() {
    let mut evidence = in_phase(RollbackPhase::Verifying);
    attempted(&mut evidence, "fix0000", false);
    evidence.git.as_mut().unwrap().deployed_tree = Some("tree-of-fix".to_owned());
    assert_eq!(decide(&evidence, 100).phase, RollbackPhase::Superseded);
    attempted(&mut evidence, "rev0000", true);
    evidence.gate = None;
    assert_eq!(decide(&evidence, 100).phase, RollbackPhase::Verifying);
    assert_eq!(decide(&evidence, 11 + 15 * 60).phase, RollbackPhase::Failed);
}

#[test]
fn the_repository_is_looked_at_only_when_that_tells_something() {
    let status = |phase| in_phase(phase).status;
    for (phase, attempted, asked) in [
        (RollbackPhase::Evaluating, None, true),
        (RollbackPhase::Committing, Some("bad0000"), true),
        (RollbackPhase::PullRequestOpen, Some("bad0000"), true),
        (RollbackPhase::Deploying, Some("bad0000"), false),
        (RollbackPhase::Deploying, Some("rev0000"), false),
        (RollbackPhase::Deploying, Some("lat0000"), true),
        (RollbackPhase::Deploying, None, false),
        (RollbackPhase::Recovered, Some("lat0000"), false),
    ] {
        assert_eq!(asks_repository(&status(phase), "bad0000", attempted), asked, "{phase} {attempted:?}");
    }
}
