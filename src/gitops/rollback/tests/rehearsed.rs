//! Dry runs: everything is asked, nothing is done, and it is over.

use assay_api::{DryRun, READY};
use proptest::prelude::*;

use super::*;
use crate::repository::GitTrouble;

fn dry(mode: RollbackMode) -> Evidence {
    let mut evidence = evidence();
    evidence.spec.policy.mode = mode;
    evidence.spec.dry_run = Some(DryRun { token: "t".to_owned(), mode });
    evidence
}

/// Decides until it is over, and demands that nothing is ever to be done but to plan the commit.
fn run(mut evidence: Evidence, mut context: RollbackContext, outcome: &PlanOutcome) -> RollbackStatus {
    for turn in 0..3 {
        let decision = decide_rollback(&evidence, &context, at(30 + turn));
        evidence.status = fold_rollback(&evidence.status, &decision, 1, at(30 + turn));
        match decision.actions.as_slice() {
            [] => {
                assert!(decision.is_over() && evidence.status.is_over(), "{decision:?}");
                assert_eq!((decision.wake, evidence.status.deadline), (None, None));
                let again = decide_rollback(&evidence, &context, at(9_999));
                assert_eq!(fold_rollback(&evidence.status, &again, 1, at(9_999)), evidence.status);
                assert!(again.actions.is_empty() && again.wake.is_none(), "{again:?}");
                return evidence.status;
            }
            [RollbackAction::Plan(request)] => {
                context.planned = Some(PlannedCommit { request: request.clone(), outcome: outcome.clone() });
            }
            other => panic!("a dry run does nothing, and not {other:?}"),
        }
    }
    panic!("a dry run is over at once: {:?}", evidence.status)
}

#[test]
fn it_says_what_would_be_done() {
    use Answer::{Hold, PullRequest as AsPullRequest, Refuse, Skipped};
    use RollbackMode::{Observe, PullRequest, Push};
    use RollbackPhase::{AwaitingApproval, Holding, Observed, Refused};
    for (mode, answers, phase, says, planned) in [
        (Observe, &[][..], Observed, "on main would be recorded, and not written", true),
        (Push, &[], Observed, "would be pushed to main", true),
        (PullRequest, &[], Observed, "a pull request to main be opened", true),
        (Push, &[(Guard::NoMerge, AsPullRequest)], Observed, "a pull request to main be opened", true),
        (Push, &[(Guard::FreshFailure, Refuse)], Refused, "FreshFailure", true),
        (Push, &[(Guard::StillDeployed, Refuse), (Guard::CooledDown, Hold)], Refused, "StillDeployed", true),
        (Push, &[(Guard::CooledDown, Hold)], Holding, "CooledDown", true),
        (Push, &[(Guard::Approved, Hold)], AwaitingApproval, "Approved", true),
        (Push, &[(Guard::Granted, Refuse)], Refused, "Granted", false),
        (Push, &[(Guard::Revertible, Skipped)], Refused, "Revertible", true),
    ] {
        let outcome = PlanOutcome::Commit(commit());
        let status = run(dry(mode), context(answers), &outcome);
        let message = status.message.clone().unwrap_or_default();
        assert_eq!(status.phase, phase, "{mode} {answers:?}: {message}");
        assert!(message.contains(says), "{mode} {answers:?}: {message}");
        assert_eq!((status.commit.is_some(), &status.findings), (planned, &findings(answers)), "{mode} {answers:?}");
        let conditions: Vec<_> = status.conditions.iter().map(|known| (&*known.type_, &*known.status)).collect();
        assert_eq!(conditions, [(READY, "True")], "an answer is no trouble");
    }
}

#[test]
fn what_keeps_it_from_being_planned_is_said() {
    let all = context(&[]);
    for (outcome, phase, says) in [
        (PlanOutcome::Nothing, RollbackPhase::Superseded, "good content already"),
        (PlanOutcome::Impossible("more would change".to_owned()), RollbackPhase::Refused, "more would change"),
        (PlanOutcome::Unavailable("timeout".to_owned()), RollbackPhase::Holding, "timeout"),
    ] {
        let status = run(dry(RollbackMode::Push), all.clone(), &outcome);
        assert_eq!((status.phase, &status.commit), (phase, &None), "{outcome:?}");
        assert!(status.message.is_some_and(|message| message.contains(says)), "{outcome:?}");
    }
    let mut away = dry(RollbackMode::Push);
    away.git = Err(GitTrouble::Unavailable("connection refused".to_owned()));
    let unread = context(&[(Guard::RepositoryReadable, Answer::Refuse), (Guard::NoMerge, Answer::Skipped)]);
    let status = run(away, unread, &PlanOutcome::Nothing);
    assert_eq!((status.phase, status.reason), (RollbackPhase::Holding, Some(Reason::GitUnavailable)));
    let mut bare = dry(RollbackMode::PullRequest);
    bare.grant.as_mut().unwrap().forge = false;
    let status = run(bare, all, &PlanOutcome::Nothing);
    assert!(status.phase == RollbackPhase::Refused && status.message.unwrap().contains("spec.forge"));
}

proptest! {
    /// Whatever the guards answer and whatever is known, nothing is done and it is over.
    #[test]
    fn nothing_is_ever_done(
        answers in prop::collection::vec(0..12_u8, Guard::ALL.len()),
        (mode, grant) in (0..3_u8, 0..4_u8),
        (git, outcome, approved) in (0..3_u8, 0..4_u8, any::<bool>()),
    ) {
        let modes = [RollbackMode::Observe, RollbackMode::PullRequest, RollbackMode::Push];
        let mut evidence = dry(modes[usize::from(mode)]);
        evidence.approved = approved;
        match modes.get(usize::from(grant)) {
            Some(mode) => evidence.grant.as_mut().unwrap().mode = *mode,
            None => evidence.grant = Err("none".to_owned()),
        }
        match git {
            0 => {}
            1 => evidence.git = Err(GitTrouble::Unavailable("away".to_owned())),
            _ => evidence.git = Err(GitTrouble::Denied("403".to_owned())),
        }
        let outcome = match outcome {
            0 => PlanOutcome::Commit(commit()),
            1 => PlanOutcome::Nothing,
            2 => PlanOutcome::Impossible("x".to_owned()),
            _ => PlanOutcome::Unavailable("x".to_owned()),
        };
        let mut context = context(&[]);
        for (finding, answer) in context.findings.iter_mut().zip(answers) {
            finding.answer = match answer {
                0 => Answer::Refuse,
                1 => Answer::Hold,
                2 => Answer::PullRequest,
                3 => Answer::Skipped,
                _ => Answer::Pass,
            };
        }
        let status = run(evidence, context, &outcome);
        prop_assert!(status.pushed_at.is_none() && status.pull_request.is_none() && status.decided_at.is_none());
        prop_assert!(status.joined.is_none());
    }
}
