//! Evidence by which every guard agrees; the cases change one thing of it.

use assay_api::{
    DeliveryKind, DeliveryReference, GateExecution, GateRole, GitSource, GoodRevision, Judgement, Reason,
    RevisionStatus, RollbackMode, RollbackPhase, RollbackPolicy, RollbackSpec, RollbackStatus, Verdict,
};
use jiff::{SignedDuration, Timestamp};

use crate::{CommitFacts, Delivery, Evidence, FileChange, GateFacts, GitFacts, Grant, Judged, OtherRollback, Source};

pub(crate) const BAD: &str = "bad0000000000000000000000000000000000bad";
pub(crate) const GOOD: &str = "900d000000000000000000000000000000000000";
pub(crate) const TIP: &str = "7190000000000000000000000000000000000000";

/// Noon of a day, and so many seconds.
pub(crate) fn time(seconds: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-26T12:00:00Z".parse().expect("a time");
    noon + SignedDuration::from_secs(seconds)
}

/// The failure is five minutes old.
pub(crate) fn now() -> Timestamp {
    time(0)
}

pub(crate) fn revision(id: &str, tree: &str) -> RevisionStatus {
    RevisionStatus { revision: id.to_owned(), tree: Some(tree.to_owned()), ..RevisionStatus::default() }
}

pub(crate) fn source(path: &str) -> GitSource {
    GitSource { repository: "https://git.example.com/shop".into(), branch: "main".into(), path: path.into() }
}

pub(crate) fn commit(id: &str, subject: &str) -> CommitFacts {
    CommitFacts {
        id: id.into(),
        subject: subject.into(),
        author: "Ann".into(),
        email: "ann@example.com".into(),
        parents: 1,
        ..CommitFacts::default()
    }
}

pub(crate) fn execution(name: &str, role: GateRole, run: i32, verdict: Verdict) -> GateExecution {
    GateExecution {
        name: name.into(),
        workflow: if role == GateRole::Control { "ping" } else { "smoke" }.into(),
        run,
        role,
        verdict: Some(verdict),
        ..GateExecution::default()
    }
}

fn judgement() -> Judgement {
    Judgement {
        revision: revision(BAD, "tree-bad"),
        finished_at: Some(time(-300)),
        verdict: Some(Verdict::Failed),
        executions: vec![
            execution("shop-bad0000-1", GateRole::Judge, 1, Verdict::Failed),
            execution("shop-bad0000-2", GateRole::Confirm, 2, Verdict::Failed),
        ],
        ..Judgement::default()
    }
}

pub(crate) fn spec(path: &str) -> RollbackSpec {
    RollbackSpec {
        gate: "shop".into(),
        gate_uid: "gate-1".into(),
        delivery: DeliveryReference {
            kind: DeliveryKind::Application,
            name: "shop".into(),
            namespace: Some("argocd".into()),
            source: None,
        },
        source: Some(source(path)),
        bad: revision(BAD, "tree-bad"),
        turn: 0,
        good: Some(revision(GOOD, "tree-good")),
        good_source: Some(source(path)),
        verdict: Verdict::Failed,
        verdict_reason: Reason::TestsFailed,
        failed_at: time(-300),
        executions: vec!["shop-bad0000-1".into(), "shop-bad0000-2".into()],
        failures: Vec::new(),
        policy: RollbackPolicy { mode: RollbackMode::Push, ..RollbackPolicy::default() },
        dry_run: None,
        key: "0123456789abcdef0123".into(),
    }
}

pub(crate) fn facts() -> GitFacts {
    GitFacts {
        tip: TIP.into(),
        tip_tree: Some("tree-bad".into()),
        bad: Some(commit(BAD, "Show the new cart")),
        bad_tree: Some("tree-bad".into()),
        good: Some(commit(GOOD, "Show the cart")),
        good_tree: Some("tree-good".into()),
        deployed_tree: Some("tree-bad".into()),
        good_before_bad: true,
        bad_before_tip: true,
        range: vec![commit(BAD, "Show the new cart")],
        changed: vec![FileChange { path: "apps/shop/web.yaml".into(), status: 'M' }],
        references: vec!["base/web".into()],
        changed_outside: vec!["docs/readme.md".into()],
        ..GitFacts::default()
    }
}

pub(crate) fn agreed() -> Evidence {
    Evidence {
        record: ("shop".into(), "shop-0123456789".into()),
        created_at: time(-290),
        spec: spec("apps/shop"),
        status: RollbackStatus::default(),
        delivery: Some(Delivery {
            sources: vec![Source::Branch(source("apps/shop"))],
            judged: Judged::Source(0),
            attempted: Some(BAD.into()),
            ..Delivery::default()
        }),
        gate: Some(GateFacts {
            uid: "gate-1".into(),
            current: Some(judgement()),
            last_good: Some(GoodRevision {
                revision: revision(GOOD, "tree-good"),
                source: Some(source("apps/shop")),
                judged_at: Some(time(-7200)),
            }),
            failures_required: 2,
            ..GateFacts::default()
        }),
        git: Ok(facts()),
        grant: Ok(Grant { name: "shop".into(), mode: RollbackMode::Push, forge: true, ..Grant::default() }),
        paused: Vec::new(),
        approved: false,
        others: Vec::new(),
        gates: (9, 1),
        neighbours: Vec::new(),
    }
}

/// Another record, of another app from the same commit.
pub(crate) fn other(name: &str, path: &str, phase: RollbackPhase) -> OtherRollback {
    let mut spec = spec(path);
    spec.gate = name.into();
    spec.delivery.name = name.into();
    spec.key = format!("key-{name}");
    OtherRollback {
        record: ("shop".into(), name.into()),
        created_at: time(-280),
        spec,
        phase,
        commit: None,
        written_at: None,
        joined: None,
        willing: false,
    }
}

/// Parts of the evidence, made anew when an earlier change took them away.
impl Evidence {
    pub(crate) fn facts(&mut self) -> &mut GitFacts {
        if self.git.is_err() {
            self.git = Ok(facts());
        }
        self.git.as_mut().expect("set above")
    }

    /// The newest commit of the range.
    pub(crate) fn culprit(&mut self) -> &mut CommitFacts {
        let range = &mut self.facts().range;
        if range.is_empty() {
            range.push(commit(BAD, "Show the new cart"));
        }
        &mut range[0]
    }

    pub(crate) fn grant(&mut self) -> &mut Grant {
        if self.grant.is_err() {
            self.grant = Ok(Grant { name: "shop".into(), mode: RollbackMode::Push, forge: true, ..Grant::default() });
        }
        self.grant.as_mut().expect("set above")
    }

    pub(crate) fn gate(&mut self) -> &mut GateFacts {
        self.gate.get_or_insert_default()
    }

    pub(crate) fn judgement(&mut self) -> &mut Judgement {
        self.gate().current.get_or_insert_with(judgement)
    }

    /// The confirming run.
    pub(crate) fn second_run(&mut self) -> &mut GateExecution {
        let executions = &mut self.judgement().executions;
        while executions.len() < 2 {
            executions.push(execution("shop-bad0000-2", GateRole::Confirm, 2, Verdict::Failed));
        }
        &mut executions[1]
    }

    pub(crate) fn known_good(&mut self) -> &mut GoodRevision {
        self.gate().last_good.get_or_insert_default()
    }

    pub(crate) fn delivery(&mut self) -> &mut Delivery {
        self.delivery.get_or_insert_default()
    }
}
