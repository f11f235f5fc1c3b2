//! Several records about one commit: exactly one of them writes.

use assay_api::{Answer, Guard, RevertCommit, RollbackMode, RollbackPhase};

use super::evidence::{agreed, now, other, revision, time};
use crate::guards::chain::ask_guard;
use crate::guards::together::{companions, leader};
use crate::{Evidence, Neighbour, OtherRollback};

fn willing(name: &str, path: &str, seconds: i64) -> OtherRollback {
    let mut other = other(name, path, RollbackPhase::Holding);
    other.willing = true;
    other.created_at = time(seconds);
    other
}

fn names(evidence: &Evidence) -> Vec<&str> {
    companions(evidence).iter().map(|other| other.record.1.as_str()).collect()
}

fn led_by(evidence: &Evidence) -> Option<&str> {
    leader(evidence).map(|other| other.record.1.as_str())
}

#[test]
fn the_oldest_willing_record_leads() {
    let mut evidence = agreed();
    evidence.others = vec![willing("web", "apps/web", -200), willing("api", "apps/api", -100)];
    assert_eq!(led_by(&evidence), None);
    assert_eq!(names(&evidence), ["web", "api"]);
    evidence.created_at = time(-150);
    assert_eq!(led_by(&evidence), Some("web"));
    // At the same second the name decides.
    evidence.others[0].created_at = evidence.created_at;
    assert_eq!(led_by(&evidence), None, "`shop-...` is before `web`");
    evidence.others[0].record.1 = "alpha".into();
    assert_eq!(led_by(&evidence), Some("alpha"));
}

#[test]
fn two_records_never_both_lead_nor_both_follow() {
    let mut one = agreed();
    let mut two = agreed();
    two.record.1 = "web".into();
    two.spec = other("web", "apps/web", RollbackPhase::Holding).spec;
    for seconds in [-291, -290, -289] {
        two.created_at = time(seconds);
        let seen = |evidence: &Evidence| OtherRollback {
            record: evidence.record.clone(),
            created_at: evidence.created_at,
            spec: evidence.spec.clone(),
            phase: RollbackPhase::Holding,
            commit: None,
            written_at: None,
            joined: None,
            willing: true,
        };
        (one.others, two.others) = (vec![seen(&two)], vec![seen(&one)]);
        assert_eq!(leader(&one).is_some(), leader(&two).is_none(), "{seconds}");
    }
}

#[test]
fn only_what_is_alike_is_taken_along() {
    type Change = fn(&mut OtherRollback);
    let cases: [(&str, Change); 8] = [
        ("another commit", |o| o.spec.bad = revision("other", "t")),
        ("another branch", |o| o.spec.source.as_mut().expect("source").branch = "next".into()),
        ("another repository", |o| o.spec.source.as_mut().expect("source").repository = "https://h/x".into()),
        ("another mode", |o| o.spec.policy.mode = RollbackMode::Observe),
        ("no source", |o| o.spec.source = None),
        ("not willing", |o| o.willing = false),
        ("over", |o| o.phase = RollbackPhase::Refused),
        ("joined elsewhere", |o| o.joined = Some("shop/x".into())),
    ];
    for (name, change) in cases {
        let mut evidence = agreed();
        let mut other = willing("api", "apps/api", -1000);
        change(&mut other);
        evidence.others.push(other);
        assert_eq!((led_by(&evidence), names(&evidence).len()), (None, 0), "{name}");
    }
}

#[test]
fn folders_in_each_other_go_together_only_to_one_revision() {
    for (path, good, taken) in [
        ("apps/shop/web", "other", false),
        ("apps", "other", false),
        ("apps/shop", "other", false),
        ("apps/shop2", "other", true),
        ("apps/shop/web", super::evidence::GOOD, true),
    ] {
        let mut evidence = agreed();
        let mut other = willing("web", path, -100);
        other.spec.good = Some(revision(good, "t"));
        evidence.others.push(other);
        assert_eq!(!names(&evidence).is_empty(), taken, "{path} {good}");
    }
    // Also between two that are taken along.
    let mut evidence = agreed();
    let mut second = willing("b", "apps/a/b", -90);
    second.spec.good = Some(revision("other", "t"));
    evidence.others = vec![willing("a", "apps/a", -100), second];
    assert_eq!(names(&evidence), ["a"]);
}

#[test]
fn one_that_has_begun_leads_while_it_may_take_this_along() {
    let commit = |paths: &[&str]| {
        Some(RevertCommit { paths: paths.iter().map(|path| (*path).to_owned()).collect(), ..RevertCommit::default() })
    };
    for (phase, paths, led) in [
        (RollbackPhase::Committing, &["apps/api"][..], true),
        (RollbackPhase::Deploying, &["apps/api", "apps/shop"], true),
        (RollbackPhase::Verifying, &["apps"], true),
        (RollbackPhase::PullRequestOpen, &["apps/api"], false),
        (RollbackPhase::Deploying, &["apps/api"], false),
        (RollbackPhase::Recovered, &["apps/api", "apps/shop"], false),
        (RollbackPhase::Failed, &["apps/shop"], false),
    ] {
        let mut evidence = agreed();
        // Younger, and no longer asked whether it is willing.
        let mut other = other("api", "apps/api", phase);
        other.created_at = time(-1);
        other.commit = commit(paths);
        evidence.others.push(other);
        assert_eq!(led_by(&evidence).is_some(), led, "{phase} {paths:?}");
    }
}

#[test]
fn others_are_awaited_for_a_minute_and_no_longer() {
    let bad = agreed().spec.bad.revision;
    let gate = |revision: &str, final_| Neighbour {
        gate: ("web".into(), "web".into()),
        revision: Some(revision.to_owned()),
        final_,
    };
    let unseen = other("web", "apps/web", RollbackPhase::Evaluating);
    let cases: [(i64, Vec<Neighbour>, Vec<OtherRollback>, Answer); 6] = [
        (-59, vec![gate(&bad, false)], Vec::new(), Answer::Hold),
        (-60, vec![gate(&bad, false)], Vec::new(), Answer::Pass),
        (-5, vec![gate(&bad, true)], Vec::new(), Answer::Pass),
        (-5, vec![gate("other", false)], Vec::new(), Answer::Pass),
        (-5, Vec::new(), vec![unseen.clone()], Answer::Hold),
        (-60, Vec::new(), vec![unseen], Answer::Pass),
    ];
    for (at, (failed, neighbours, others, expected)) in cases.into_iter().enumerate() {
        let mut evidence = agreed();
        evidence.spec.failed_at = time(failed);
        evidence.neighbours = neighbours;
        evidence.others = others;
        let found = ask_guard(Guard::Coalesced, &evidence, now());
        assert_eq!(found.answer, expected, "{at}: {}", found.message);
    }
}
