//! Tables for every edge, and a world in which anything may happen at any moment.

mod conditions;
mod deployed;
mod evaluated;
mod pulled;
mod rehearsed;
mod together;
mod world;
mod written;

use assay_api::{
    Answer, DeliveryReference, Finding, GitSource, Guard, Judgement, PullRequest, Reason, RevertCommit, RevisionStatus,
    RollbackMode, RollbackPhase, RollbackPolicy, RollbackSpec, RollbackStatus, Verdict,
};
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::delivery::Delivery;
use crate::evidence::{Evidence, GateFacts, Grant, OtherRollback};
use crate::repository::{CommitFacts, GitFacts};

/// So many seconds after the failure.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn revision(id: &str) -> RevisionStatus {
    RevisionStatus { revision: id.to_owned(), tree: Some(format!("tree-of-{id}")), ..RevisionStatus::default() }
}

fn source(path: &str) -> GitSource {
    GitSource {
        repository: "https://git.example.com/shop.git".to_owned(),
        branch: "main".to_owned(),
        path: path.to_owned(),
    }
}

fn spec() -> RollbackSpec {
    RollbackSpec {
        gate: "web".to_owned(),
        gate_uid: "uid".to_owned(),
        delivery: DeliveryReference {
            name: "web".to_owned(),
            namespace: Some("argocd".to_owned()),
            ..Default::default()
        },
        source: Some(source("apps/web")),
        bad: revision("bad0000"),
        turn: 0,
        good: Some(revision("good000")),
        good_source: Some(source("apps/web")),
        verdict: Verdict::Failed,
        verdict_reason: Reason::TestsFailed,
        failed_at: at(0),
        executions: Vec::new(),
        failures: Vec::new(),
        policy: RollbackPolicy { mode: RollbackMode::Push, ..RollbackPolicy::default() },
        dry_run: None,
        key: "k1".to_owned(),
    }
}

fn git() -> GitFacts {
    let commit = |id: &str| Some(CommitFacts { id: id.to_owned(), ..CommitFacts::default() });
    GitFacts {
        tip: "bad0000".to_owned(),
        bad: commit("bad0000"),
        bad_tree: Some("tree-of-bad0000".to_owned()),
        good: commit("good000"),
        good_tree: Some("tree-of-good000".to_owned()),
        ..GitFacts::default()
    }
}

/// A failure of which everything is known and nothing speaks against taking it back.
fn evidence() -> Evidence {
    Evidence {
        record: ("shop".to_owned(), "web-k1".to_owned()),
        created_at: at(1),
        spec: spec(),
        status: RollbackStatus::default(),
        delivery: Some(Delivery { attempted: Some("bad0000".to_owned()), applied: true, ..Delivery::default() }),
        gate: Some(GateFacts { current: Some(judged("bad0000", Verdict::Failed, 0)), ..GateFacts::default() }),
        git: Ok(git()),
        grant: Ok(Grant { mode: RollbackMode::Push, forge: true, ..Grant::default() }),
        paused: Vec::new(),
        approved: false,
        others: Vec::new(),
        gates: (1, 0),
        neighbours: Vec::new(),
    }
}

fn judged(id: &str, verdict: Verdict, seconds: i64) -> Judgement {
    let (finished_at, verdict) = (Some(at(seconds)), Some(verdict));
    Judgement { revision: revision(id), finished_at, verdict, ..Judgement::default() }
}

/// Every guard passes, but for these.
fn findings(but: &[(Guard, Answer)]) -> Vec<Finding> {
    let answer =
        |guard: Guard| but.iter().find(|(known, _)| *known == guard).map_or(Answer::Pass, |(_, answer)| *answer);
    let finding = |guard: &Guard| Finding { guard: *guard, answer: answer(*guard), message: format!("says {guard}") };
    Guard::ALL.iter().map(finding).collect()
}

fn context(but: &[(Guard, Answer)]) -> RollbackContext {
    RollbackContext { findings: findings(but), ..RollbackContext::default() }
}

fn commit() -> RevertCommit {
    RevertCommit {
        id: "rev0000".to_owned(),
        parent: "bad0000".to_owned(),
        branch: "main".to_owned(),
        paths: vec!["apps/web".to_owned()],
        files: vec!["apps/web/app.yaml".to_owned()],
        subject: "Revert".to_owned(),
    }
}

/// A record in a phase, with what belongs to it.
fn in_phase(phase: RollbackPhase) -> Evidence {
    let mut evidence = evidence();
    evidence.status.phase = phase;
    if !matches!(phase, RollbackPhase::Evaluating | RollbackPhase::Holding | RollbackPhase::AwaitingApproval) {
        evidence.status.commit = Some(commit());
        evidence.status.decided_at = Some(at(10));
        evidence.status.deadline = Some(at(20 * 60));
    }
    if matches!(phase, RollbackPhase::Deploying | RollbackPhase::Verifying) {
        evidence.status.pushed_at = Some(at(11));
        evidence.status.deadline = Some(at(11 + 15 * 60));
    }
    evidence
}

fn other(name: &str, created: i64, phase: RollbackPhase) -> OtherRollback {
    let mut spec = spec();
    spec.source = Some(source("apps/api"));
    spec.good = Some(revision("good111"));
    OtherRollback {
        record: ("shop".to_owned(), name.to_owned()),
        created_at: at(created),
        spec,
        phase,
        commit: None,
        written_at: None,
        joined: None,
        willing: true,
    }
}

fn request(decision: &RollbackDecision) -> PlanRequest {
    match decision.actions.as_slice() {
        [RollbackAction::Plan(request)] => request.clone(),
        other => panic!("no plan is asked for but {other:?}: {}", decision.message),
    }
}

fn pull_request() -> PullRequest {
    PullRequest {
        number: 5,
        url: "https://git.example.com/shop/pulls/5".to_owned(),
        branch: "assay/rollback-k1".to_owned(),
    }
}
