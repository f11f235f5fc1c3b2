//! Several gates, one bad commit.

use super::*;

const HELD: [(Guard, Answer); 1] = [(Guard::Coalesced, Answer::Hold)];

fn leading(phase: RollbackPhase, paths: &[&str]) -> OtherRollback {
    let mut leader = other("api-k0", 0, phase);
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    leader.commit = Some(RevertCommit { id: "both000".to_owned(), paths, ..commit() });
    leader
}

fn with(leader: OtherRollback, phase: RollbackPhase) -> Evidence {
    let mut evidence = in_phase(phase);
    if phase == RollbackPhase::Joined {
        evidence.status.joined = Some("shop/api-k0".to_owned());
        evidence.status.commit = None;
    }
    evidence.others = vec![leader];
    evidence
}

#[test]
fn one_commit_restores_what_may_come_along_and_does_not_cross() {
    let company = |name: &str, paths: &[&str], good: &str| Company {
        record: ("shop".to_owned(), name.to_owned()),
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
        good: good.to_owned(),
    };
    let mut context = context(&[]);
    context.paths = vec!["apps/web".to_owned(), "libs/web".to_owned()];
    context.company = vec![
        company("api", &["apps/api", "libs/api"], "good111"),
        company("within", &["apps/web/base"], "good222"),
        company("half", &["apps/half", "libs"], "good333"),
        company("same", &["apps/web/page", "apps/same"], "good000"),
    ];
    let entries = request(&decide_rollback(&evidence(), &context, at(70))).entries;
    let seen: Vec<_> = entries.iter().map(|entry| (entry.path.as_str(), entry.good.as_str())).collect();
    let expected = [
        ("apps/api", "good111"),
        ("apps/same", "good000"),
        ("apps/web", "good000"),
        ("libs/api", "good111"),
        ("libs/web", "good000"),
    ];
    assert_eq!(seen, expected);
}

#[test]
fn who_is_taken_along_joins_and_who_is_not_waits() {
    for (phase, paths, expected) in [
        (RollbackPhase::Committing, &["apps/api", "apps/web"][..], RollbackPhase::Joined),
        (RollbackPhase::Deploying, &["apps/api", "apps/web"], RollbackPhase::Joined),
        (RollbackPhase::PullRequestOpen, &["apps/api", "apps/web"], RollbackPhase::Joined),
        (RollbackPhase::Committing, &["apps/api"], RollbackPhase::Holding),
        (RollbackPhase::Evaluating, &["apps/api", "apps/web"], RollbackPhase::Holding),
    ] {
        let decision = decide_rollback(&with(leading(phase, paths), RollbackPhase::Holding), &context(&HELD), at(30));
        assert_eq!(decision.phase, expected, "{phase} {paths:?}");
        let joined = decision.facts.joined.as_deref();
        assert_eq!(joined, (expected == RollbackPhase::Joined).then_some("shop/api-k0"));
    }
}

#[test]
fn who_was_taken_along_before_it_looked_again_joins() {
    let refused = [(Guard::NothingNewer, Answer::Refuse), (Guard::NotDoneBefore, Answer::Refuse), HELD[0]];
    for (phase, done, expected) in [
        (RollbackPhase::Committing, "both000", RollbackPhase::Joined),
        (RollbackPhase::Deploying, "both000", RollbackPhase::Joined),
        (RollbackPhase::Recovered, "both000", RollbackPhase::Joined),
        (RollbackPhase::Deploying, "other00", RollbackPhase::Superseded),
    ] {
        let mut evidence = with(leading(phase, &["apps/api", "apps/web"]), RollbackPhase::Holding);
        evidence.git.as_mut().unwrap().done = Some(done.to_owned());
        let decision = decide_rollback(&evidence, &context(&refused), at(30));
        assert_eq!(decision.phase, expected, "{phase} {done}");
    }
}

#[test]
fn who_joined_follows_the_leader() {
    let both = ["apps/api", "apps/web"];
    for (phase, written, expected) in [
        (RollbackPhase::Committing, false, RollbackPhase::Joined),
        (RollbackPhase::PullRequestOpen, false, RollbackPhase::Joined),
        (RollbackPhase::Deploying, true, RollbackPhase::Deploying),
        (RollbackPhase::Recovered, true, RollbackPhase::Deploying),
        (RollbackPhase::Evaluating, false, RollbackPhase::Holding),
        (RollbackPhase::Refused, false, RollbackPhase::Holding),
        (RollbackPhase::Expired, false, RollbackPhase::Holding),
    ] {
        let leader = OtherRollback { written_at: written.then(|| at(40)), ..leading(phase, &both) };
        let decision = decide_rollback(&with(leader, RollbackPhase::Joined), &context(&HELD), at(50));
        assert_eq!(decision.phase, expected, "{phase}");
        if expected == RollbackPhase::Deploying {
            assert_eq!(decision.facts.commit.unwrap().id, "both000");
        }
    }
    let mut alone = with(leading(RollbackPhase::Committing, &both), RollbackPhase::Joined);
    alone.others.clear();
    request(&decide_rollback(&alone, &context(&[]), at(50)));
}

#[test]
fn who_joined_goes_on_alone_when_the_leader_leaves_it_out_or_people_stop_it() {
    for phase in [RollbackPhase::Committing, RollbackPhase::Deploying] {
        let leader = OtherRollback { written_at: Some(at(40)), ..leading(phase, &["apps/api"]) };
        let decision = decide_rollback(&with(leader, RollbackPhase::Joined), &context(&HELD), at(50));
        assert_eq!((decision.phase, &decision.facts.joined), (RollbackPhase::Holding, &None), "{phase}");
    }
    for stop in [(Guard::NotPaused, Answer::Hold), (Guard::Granted, Answer::Refuse)] {
        let leader = leading(RollbackPhase::Committing, &["apps/api", "apps/web"]);
        let decision = decide_rollback(&with(leader, RollbackPhase::Joined), &context(&[HELD[0], stop]), at(50));
        assert!(decision.phase != RollbackPhase::Joined && !willing(&decision.facts), "{stop:?}: {}", decision.phase);
    }
}

#[test]
fn what_nobody_wants_any_more_is_not_written() {
    let mut evidence = in_phase(RollbackPhase::Committing);
    evidence.status.commit =
        Some(RevertCommit { paths: vec!["apps/api".to_owned(), "apps/web".to_owned()], ..commit() });
    let mut context = context(&[]);
    let decision = decide_rollback(&evidence, &context, at(12));
    assert!(!decision.actions.contains(&RollbackAction::Push), "{decision:?}");
    assert_eq!(request(&decision).entries.len(), 1, "it is planned anew, for its own path");
    let record = ("shop".to_owned(), "api-k0".to_owned());
    context.company = vec![Company { record, paths: vec!["apps/api".to_owned()], good: "good000".to_owned() }];
    assert_eq!(decide_rollback(&evidence, &context, at(12)).actions, [RollbackAction::Push]);
}

#[test]
fn nobody_waits_for_ever_for_a_leader() {
    let leader = leading(RollbackPhase::Committing, &["apps/api", "apps/web"]);
    let evidence = with(leader, RollbackPhase::Joined);
    assert_eq!(decide_rollback(&evidence, &context(&HELD), at(20 * 60)).phase, RollbackPhase::Expired);
    let people = with(leading(RollbackPhase::PullRequestOpen, &["apps/web"]), RollbackPhase::Joined);
    assert_eq!(decide_rollback(&people, &context(&HELD), at(3600)).phase, RollbackPhase::Joined);
}

#[test]
fn willing_is_who_waits_for_nothing_but_company() {
    let status = |phase, answers: &[(Guard, Answer)]| RollbackStatus {
        phase,
        findings: findings(answers),
        ..RollbackStatus::default()
    };
    assert!(willing(&status(RollbackPhase::Holding, &HELD)));
    assert!(willing(&status(RollbackPhase::Holding, &[(Guard::WithinBudget, Answer::Hold)])));
    assert!(!willing(&status(RollbackPhase::Holding, &[(Guard::Approved, Answer::Hold)])));
    assert!(!willing(&status(RollbackPhase::Holding, &[(Guard::NoMerge, Answer::PullRequest)])));
    assert!(!willing(&status(RollbackPhase::Refused, &[])));
    assert!(!willing(&RollbackStatus::default()), "nobody asked its guards yet");
}
