//! One gate, its delivery, and time: what happens is said by a test, what follows is decided and carried out.

use std::collections::BTreeSet;

use assay_api::{
    Confirmation, DeliveryKind, DeliveryReference, GateExecution, GateWorkflow, GitSource, Judgement, Reason,
    RevisionStatus, RollbackPhase, TestGateSpec, TestGateStatus, Verdict,
};
use jiff::Timestamp;

use super::kstatus::{self, Status};
use crate::delivery::{Delivery, Judged, Operation, Readiness, Source, Workload};
use crate::gate::{GateAction, GateDecision, GateObject, GateObserved, RollbackSeen, Run, RunEnd, decide_gate};

pub(super) const A: &str = "aaaaaaa111111111111111111111111111111111";
pub(super) const B: &str = "bbbbbbb222222222222222222222222222222222";
pub(super) const C: &str = "ccccccc333333333333333333333333333333333";

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

pub(super) fn workflow(name: &str) -> GateWorkflow {
    GateWorkflow { name: name.to_owned(), ..GateWorkflow::default() }
}

pub(super) fn source() -> GitSource {
    GitSource { repository: "https://git/shop.git".into(), branch: "main".into(), path: "apps/web".into() }
}

pub(super) fn spec(workflows: &[&str]) -> TestGateSpec {
    TestGateSpec {
        delivery: DeliveryReference { kind: DeliveryKind::Application, name: "web".into(), ..Default::default() },
        workflows: workflows.iter().map(|name| workflow(name)).collect(),
        rollback: Some(assay_api::RollbackPolicy::default()),
        ..TestGateSpec::default()
    }
}

/// An Application that is Synced at a revision and has one Deployment.
fn delivery() -> Delivery {
    let namespace = Some("argocd".to_owned());
    Delivery {
        reference: DeliveryReference { kind: DeliveryKind::Application, name: "web".into(), namespace, source: None },
        uid: "app".into(),
        sources: vec![Source::Branch(source())],
        judged: Judged::Source(0),
        workloads: vec![Workload { name: "web".into(), ..Workload::default() }],
        ..Delivery::default()
    }
}

#[derive(Clone)]
pub(super) struct Scene {
    pub(super) observed: GateObserved,
    pub(super) now: i64,
    /// Every execution that was ever made, as name and revision.
    pub(super) made: Vec<(String, String)>,
    pub(super) cancelled: BTreeSet<String>,
    pub(super) rollbacks: Vec<String>,
    pub(super) events: Vec<Reason>,
    pub(super) ends: Vec<Verdict>,
}

impl Scene {
    pub(super) fn new(spec: TestGateSpec) -> Self {
        let gate = GateObject {
            namespace: "shop".into(),
            name: "web".into(),
            uid: "gate".into(),
            generation: 1,
            spec,
            rerun: None,
            requested_at: None,
        };
        let observed =
            GateObserved { gate, delivery: Some(delivery()), readiness: Readiness::Ready, ..GateObserved::default() };
        Self {
            observed,
            now: 0,
            made: Vec::new(),
            cancelled: BTreeSet::new(),
            rollbacks: Vec::new(),
            events: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(super) fn delivery(&mut self) -> &mut Delivery {
        self.observed.delivery.as_mut().expect("a delivery")
    }

    /// Git has the revision, and the controller knows.
    pub(super) fn push(&mut self, revision: &str) -> GateDecision {
        self.delivery().desired = Some(revision.to_owned());
        self.look()
    }

    /// The controller applies it: its operation runs, and waits for whatever is not healthy.
    pub(super) fn operate(&mut self, revision: &str) -> GateDecision {
        let delivery = self.delivery();
        delivery.attempted = Some(revision.to_owned());
        delivery.applied = false;
        let operation = Operation { revision: Some(revision.to_owned()), ..Operation::default() };
        delivery.operation = Some(operation);
        self.look()
    }

    /// Everything of the operation's revision is applied; the operation still runs.
    pub(super) fn apply(&mut self) -> GateDecision {
        self.delivery().applied = true;
        self.look()
    }

    /// The operation ends.
    pub(super) fn rest(&mut self) -> GateDecision {
        self.delivery().operation = None;
        self.look()
    }

    /// The whole way of a revision until its tests run.
    pub(super) fn deploy(&mut self, revision: &str) -> GateDecision {
        self.push(revision);
        self.operate(revision);
        self.apply();
        self.rest()
    }

    /// All runs that go on end like this.
    pub(super) fn end(&mut self, verdict: Verdict) -> GateDecision {
        for name in self.running() {
            self.end_one(&name, verdict);
        }
        self.look()
    }

    pub(super) fn end_one(&mut self, name: &str, verdict: Verdict) {
        let reason = match verdict {
            Verdict::Failed => Reason::TestsFailed,
            Verdict::Errored => Reason::ImagePullFailed,
            Verdict::Cancelled => Reason::Cancelled,
            _ => Reason::Passed,
        };
        let end = RunEnd { verdict, reason: Some(reason), message: Some("said so".into()), at: Some(at(self.now)) };
        self.observed.runs.insert(name.to_owned(), Run::Ended(end));
    }

    pub(super) fn running(&self) -> Vec<String> {
        let going = self.observed.runs.iter().filter(|(_, run)| matches!(run, Run::Going { .. }));
        going.map(|(name, _)| name.clone()).collect()
    }

    /// Deploys a revision and lets all its runs end like this, however many there are.
    pub(super) fn judged(&mut self, revision: &str, verdict: Verdict) -> GateDecision {
        let mut decision = self.deploy(revision);
        for _ in 0..12 {
            if self.current().verdict.is_some() {
                break;
            }
            self.now += 30;
            decision = self.end(verdict);
        }
        decision
    }

    pub(super) fn wait(&mut self, seconds: i64) -> GateDecision {
        self.now += seconds;
        self.look()
    }

    /// Decides, writes the status, acts, and checks what must always hold.
    pub(super) fn look(&mut self) -> GateDecision {
        let mut decision = self.step();
        for _ in 0..3 {
            let again = self.step();
            decision.actions.extend(again.actions);
            if again.status == decision.status {
                break;
            }
            decision.status = again.status;
        }
        decision
    }

    /// Workloads are looked at when a decision asks for it, and not before.
    fn step(&mut self) -> GateDecision {
        let readiness = std::mem::take(&mut self.observed.readiness);
        let mut decision = decide_gate(&self.observed, at(self.now));
        self.observed.readiness = readiness;
        if decision.ask_readiness && self.observed.readiness != Readiness::Unknown {
            decision = decide_gate(&self.observed, at(self.now));
        }
        check(&self.observed, &decision);
        self.ends.extend(decision.end.map(|end| end.verdict));
        self.observed.previous = decision.status.clone();
        for action in &decision.actions {
            self.act(action);
        }
        decision
    }

    fn act(&mut self, action: &GateAction) {
        match action {
            GateAction::Make(run) => {
                let known = self.observed.runs.insert(run.name.clone(), Run::Going { cancelling: false });
                assert_eq!(known, None, "{} is made again", run.name);
                assert!(!self.made.iter().any(|(name, _)| *name == run.name), "{} is made again", run.name);
                self.made.push((run.name.clone(), run.revision.clone()));
            }
            GateAction::Cancel(name) => {
                self.observed.runs.insert(name.clone(), Run::Going { cancelling: true });
                self.cancelled.insert(name.clone());
            }
            GateAction::MakeRollback { name, spec } => {
                assert_eq!(spec.verdict, Verdict::Failed);
                assert!(!self.rollbacks.contains(name), "{name} is made again");
                self.rollbacks.push(name.clone());
                let phase = RollbackPhase::Evaluating;
                self.observed.rollback = Some(RollbackSeen { bad: spec.bad.clone(), phase, failed_at: spec.failed_at });
            }
            GateAction::PublishEvent { reason, message } => {
                assert!(!message.is_empty());
                self.events.push(*reason);
            }
        }
    }

    pub(super) fn status(&self) -> &TestGateStatus {
        &self.observed.previous
    }

    pub(super) fn current(&self) -> Judgement {
        self.status().current.clone().expect("a judgement")
    }

    pub(super) fn runs(&self) -> Vec<GateExecution> {
        self.current().executions
    }

    pub(super) fn kstatus(&self) -> Status {
        kstatus::read(self.observed.gate.generation, self.status())
    }

    /// What Argo CD and Flux read, why, and of which revision.
    #[track_caller]
    pub(super) fn says(&self, status: Status, reason: Reason, revision: &str) {
        let current = self.current().revision.revision;
        let said = (self.kstatus(), self.status().reason, current.as_str());
        assert_eq!(said, (status, Some(reason), revision), "{:?}", self.status().message);
    }

    pub(super) fn rollback(&mut self, phase: RollbackPhase) -> GateDecision {
        if let Some(seen) = &mut self.observed.rollback {
            seen.phase = phase;
        }
        self.look()
    }

    /// Both revisions deploy the same.
    pub(super) fn tree(&mut self, revision: &str, tree: &str) {
        self.observed.trees.insert(revision.to_owned(), tree.to_owned());
    }
}

pub(super) fn confirmation(reruns: i32, failures: i32) -> Confirmation {
    Confirmation { reruns, failures, control: None }
}

/// What must hold after every decision, whatever happened.
pub(super) fn check(observed: &GateObserved, decision: &GateDecision) {
    let status = &decision.status;
    let (generation, spec) = (observed.gate.generation, &observed.gate.spec);
    assert_eq!(status.observed_generation, generation);
    let reason = status.reason.expect("a reason");
    assert!(status.message.as_ref().is_some_and(|message| !message.is_empty()));
    for condition in &status.conditions {
        assert_eq!((condition.reason.as_str(), condition.observed_generation), (reason.as_str(), Some(generation)));
    }
    assert!(status.verdicts.len() <= 10);
    assert!(status.verdicts.iter().all(|known| known.verdict.is_some() && known.executions.len() <= 8));
    let bytes = serde_json::to_vec(status).expect("plain data").len();
    assert!(bytes < 64 * 1024, "{bytes} bytes");
    let ready = kstatus::read(generation, status);
    if let Some(current) = &status.current {
        assert!(current.executions.len() <= 32);
        assert_eq!(current.verdict.is_some(), current.finished_at.is_some());
        let own = spec.revision.as_ref().is_none_or(|own| current.revision.revision.starts_with(own.as_str()));
        if ready == Status::Current {
            // Green is only ever said of a revision that was judged, and that it is about.
            let verdict = current.verdict.expect("a verdict");
            assert!(verdict.is_green() || spec.mode == assay_api::GateMode::Advisory);
            assert!(own || !observed.trees.is_empty());
        }
    } else {
        assert_ne!(ready, Status::Current);
    }
    let recorded = |name: &str| status.current.iter().flat_map(|known| &known.executions).any(|run| run.name == name);
    for action in &decision.actions {
        match action {
            GateAction::Make(run) => assert!(recorded(&run.name), "{} is not written down", run.name),
            GateAction::MakeRollback { spec: record, .. } => {
                let current = status.current.as_ref().expect("a judgement");
                assert_eq!(current.verdict, Some(Verdict::Failed));
                let failed = |name: &str| {
                    let failed = |run: &&GateExecution| run.workflow == name && run.verdict == Some(Verdict::Failed);
                    current.executions.iter().filter(failed).count()
                };
                let needed = usize::try_from(spec.confirmation.failures).expect("small");
                assert!(spec.workflows.iter().any(|workflow| failed(&workflow.name) >= needed), "not confirmed");
                assert_eq!(record.bad, current.revision);
            }
            GateAction::Cancel(_) | GateAction::PublishEvent { .. } => {}
        }
    }
}

pub(super) fn revision(name: &str) -> RevisionStatus {
    RevisionStatus { revision: name.to_owned(), ..RevisionStatus::default() }
}
