//! The chain as a whole, and when it is asked again.

use assay_api::{Answer, Finding, Guard, RollbackPhase, RollbackStatus};
use jiff::SignedDuration;

use super::evidence::{agreed, now, other, time};
use crate::{GitTrouble, ask_again_at, judge, willing};

#[test]
fn all_agree_on_a_plain_failure() {
    let findings = judge(&agreed(), now());
    let order: Vec<Guard> = findings.iter().map(|finding| finding.guard).collect();
    assert_eq!(order, Guard::ALL);
    for finding in &findings {
        assert_eq!(finding.answer, Answer::Pass, "{finding:?}");
    }
    assert!(is_willing(findings.clone()));
    assert_eq!(ask_again_at(&agreed(), &findings, now()), None);
}

#[test]
fn without_the_repository_its_guards_are_not_asked() {
    for trouble in [GitTrouble::Unavailable("down".into()), GitTrouble::Denied("no".into())] {
        let mut evidence = agreed();
        evidence.git = Err(trouble);
        let findings = judge(&evidence, now());
        let skipped: Vec<Guard> =
            findings.iter().filter(|finding| finding.answer == Answer::Skipped).map(|finding| finding.guard).collect();
        let expected = [
            Guard::StillDeployed,
            Guard::HistoryIntact,
            Guard::NothingNewer,
            Guard::CulpritInPaths,
            Guard::SharedBaseUnchanged,
            Guard::NoMerge,
            Guard::NotARollback,
            Guard::Revertible,
            Guard::NothingPrecious,
            Guard::NotDoneBefore,
        ];
        assert_eq!(skipped, expected);
        assert!(!is_willing(findings));
    }
}

/// Whether a record that was answered so may be taken along.
fn is_willing(findings: Vec<Finding>) -> bool {
    willing(&RollbackStatus { findings, phase: RollbackPhase::Holding, ..RollbackStatus::default() })
}

#[test]
fn who_is_not_free_is_not_taken_along() {
    let free = |change: fn(&mut crate::Evidence)| {
        let mut evidence = agreed();
        change(&mut evidence);
        is_willing(judge(&evidence, now()))
    };
    assert!(!free(|e| e.paused = vec!["somebody".into()]));
    assert!(!free(|e| e.spec.policy.approval = true));
    assert!(!free(|e| e.culprit().parents = 2), "a push does not take along what needs a person");
    assert!(free(|e| e.gates = (5, 5)), "that concerns all alike");
    assert!(!is_willing(Vec::new()), "nobody was asked");
}

#[test]
fn it_is_asked_again_when_time_changes_an_answer() {
    let fresh_until = time(900) + SignedDuration::from_millis(1);
    let mut evidence = agreed();
    evidence.paused = vec!["somebody".into()];
    assert_eq!(ask_again_at(&evidence, &judge(&evidence, now()), now()), Some(fresh_until));

    let mut evidence = agreed();
    let mut last = other("shop", "apps/shop", RollbackPhase::Recovered);
    last.written_at = Some(time(-1500));
    evidence.others.push(last);
    assert_eq!(ask_again_at(&evidence, &judge(&evidence, now()), now()), Some(time(300)));

    let mut evidence = agreed();
    let mut last = other("web", "apps/web", RollbackPhase::Recovered);
    last.written_at = Some(time(-1600));
    evidence.others.push(last.clone());
    assert_eq!(ask_again_at(&evidence, &judge(&evidence, now()), now()), Some(time(200)));
    // Two were written, and the grant gives two: the older one makes room.
    evidence.grant().budget = Some(assay_api::Budget { count: 2, window: assay_api::DurationText::new("30m") });
    last.record.1 = "api".into();
    last.written_at = Some(time(-1700));
    evidence.others.push(last);
    assert_eq!(ask_again_at(&evidence, &judge(&evidence, now()), now()), Some(time(100)));

    let mut evidence = agreed();
    evidence.spec.failed_at = time(-20);
    evidence.neighbours.push(crate::Neighbour {
        gate: ("web".into(), "web".into()),
        revision: Some(evidence.spec.bad.revision.clone()),
        final_: false,
    });
    assert_eq!(ask_again_at(&evidence, &judge(&evidence, now()), now()), Some(time(40)));
}
