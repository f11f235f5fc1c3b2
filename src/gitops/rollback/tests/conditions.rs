//! The status, as kstatus and people read it.

use assay_api::{READY, RECONCILING, STALLED};

use super::*;

const ALL: [RollbackPhase; 14] = [
    RollbackPhase::Evaluating,
    RollbackPhase::Observed,
    RollbackPhase::Refused,
    RollbackPhase::AwaitingApproval,
    RollbackPhase::Holding,
    RollbackPhase::Joined,
    RollbackPhase::Committing,
    RollbackPhase::PullRequestOpen,
    RollbackPhase::Deploying,
    RollbackPhase::Verifying,
    RollbackPhase::Recovered,
    RollbackPhase::Failed,
    RollbackPhase::Superseded,
    RollbackPhase::Expired,
];

/// Panics unless kstatus reads the status as it is meant.
pub(super) fn assert_kstatus(status: &RollbackStatus) {
    let seen: Vec<_> = status.conditions.iter().map(|known| (known.type_.as_str(), known.status.as_str())).collect();
    let expected: &[(&str, &str)] = match status.phase {
        RollbackPhase::Failed | RollbackPhase::Expired => &[(READY, "False"), (STALLED, "True")],
        phase if phase.is_final() => &[(READY, "True")],
        _ => &[(READY, "Unknown"), (RECONCILING, "True")],
    };
    assert_eq!(seen, expected, "{}", status.phase);
    assert!(status.conditions.iter().all(|known| Some(known.reason.as_str()) == status.reason.map(Reason::as_str)));
    assert_eq!(status.finished_at.is_some(), status.phase.is_final());
    assert!(!status.phase.is_final() || status.deadline.is_none());
}

fn decision(phase: RollbackPhase) -> RollbackDecision {
    RollbackDecision::to(phase, &RollbackStatus::default(), format!("it is {phase}"))
}

#[test]
fn every_phase_reads_right_and_folding_twice_is_folding_once() {
    for phase in ALL {
        let status = fold_rollback(&RollbackStatus::default(), &decision(phase), 1, at(5));
        assert_kstatus(&status);
        let mut again = decision(phase);
        again.facts = status.clone();
        assert_eq!(fold_rollback(&status, &again, 1, at(6)), status, "{phase}");
        assert_eq!(status.trail.last().map(|last| last.phase), Some(phase));
        assert_eq!(status.trail[0].phase, RollbackPhase::Evaluating);
    }
}

#[test]
fn a_final_phase_stays() {
    for phase in ALL.into_iter().filter(|phase| phase.is_final()) {
        let mut evidence = in_phase(phase);
        evidence.status = fold_rollback(&RollbackStatus::default(), &decision(phase), 1, at(5));
        let decided = decide_rollback(&evidence, &context(&[]), at(50));
        assert_eq!((decided.actions.len(), decided.wake), (0, None), "{phase}");
        assert_eq!(fold_rollback(&evidence.status, &decided, 1, at(50)), evidence.status);
        let other = fold_rollback(&evidence.status, &decision(RollbackPhase::Evaluating), 1, at(50));
        assert_eq!((other.phase, other.finished_at), (phase, Some(at(5))));
    }
}

#[test]
fn the_trail_is_bounded_and_keeps_its_beginning() {
    let mut status = RollbackStatus::default();
    for turn in 0..100 {
        let phase = if turn % 2 == 0 { RollbackPhase::Holding } else { RollbackPhase::AwaitingApproval };
        let mut next = decision(phase);
        next.facts = status.clone();
        next.message = "ä".repeat(2000);
        status = fold_rollback(&status, &next, 1, at(turn));
    }
    assert_eq!(status.trail.len(), 32);
    assert_eq!((status.trail[0].phase, status.trail[0].at), (RollbackPhase::Evaluating, at(0)));
    assert_eq!(status.trail[31].at, at(99));
    assert!(status.message.unwrap().len() <= 2048);
}
