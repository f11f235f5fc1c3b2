//! A small world in which everything may happen in any order: commits, operations, retries, verdicts, people,
//! and an operator that dies between any two of its calls.

use assay_api::{GateMode, Reason, RollbackPhase, Verdict};
use proptest::prelude::{Strategy, any, proptest};
use proptest::prop_oneof;

use super::kstatus::{self, Status};
use super::scene::{A, B, C, at, check, confirmation, spec, workflow};
use crate::delivery::{Judged, Operation, Readiness};
use crate::gate::{GateAction, GateDecision, RollbackSeen, Run, RunEnd, decide_gate};

const REVISIONS: [&str; 4] = [A, B, C, "ddddddd444444444444444444444444444444444"];

#[derive(Clone, Debug)]
enum Event {
    Wait(u16),
    Push(u8),
    /// The controller cannot look at Git.
    Blind,
    Operate(u8),
    Apply,
    Rest,
    Check,
    Retry,
    Held(bool),
    Tree(u8, bool),
    Pending(bool),
    Gone(bool),
    Unclear(bool),
    Outdated(bool),
    Ready(u8),
    End(u8, u8),
    Lose(u8),
    Own(u8),
    Rerun,
    Requested,
    Rollback(u8),
    Advisory(bool),
    Invalid(bool),
    /// The next look dies after so many calls.
    Crash(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0u16..400).prop_map(Event::Wait),
        4 => (0u8..4).prop_map(Event::Push),
        1 => proptest::prelude::Just(Event::Blind),
        4 => (0u8..4).prop_map(Event::Operate),
        5 => proptest::prelude::Just(Event::Apply),
        3 => proptest::prelude::Just(Event::Rest),
        1 => proptest::prelude::Just(Event::Check),
        1 => proptest::prelude::Just(Event::Retry),
        1 => any::<bool>().prop_map(Event::Held),
        2 => any::<(u8, bool)>().prop_map(|(revision, same)| Event::Tree(revision % 4, same)),
        1 => any::<bool>().prop_map(Event::Pending),
        1 => any::<bool>().prop_map(Event::Gone),
        1 => any::<bool>().prop_map(Event::Unclear),
        1 => any::<bool>().prop_map(Event::Outdated),
        3 => (0u8..3).prop_map(Event::Ready),
        9 => any::<(u8, u8)>().prop_map(|(which, verdict)| Event::End(which, verdict)),
        1 => any::<u8>().prop_map(Event::Lose),
        1 => (0u8..6).prop_map(Event::Own),
        1 => proptest::prelude::Just(Event::Rerun),
        1 => proptest::prelude::Just(Event::Requested),
        2 => any::<u8>().prop_map(Event::Rollback),
        1 => any::<bool>().prop_map(Event::Advisory),
        1 => any::<bool>().prop_map(Event::Invalid),
        3 => (0u8..6).prop_map(Event::Crash),
    ]
}

struct World {
    observed: crate::gate::GateObserved,
    now: i64,
    tokens: u32,
    made: std::collections::BTreeMap<String, String>,
    rollbacks: std::collections::BTreeSet<String>,
    crash: Option<u8>,
}

impl World {
    fn new(control: bool, reruns: u8) -> Self {
        let mut spec = spec(&["smoke", "api"]);
        spec.confirmation = confirmation(i32::from(reruns), 1 + i32::from(reruns.min(1)));
        spec.confirmation.control = control.then(|| workflow("canary"));
        let scene = super::scene::Scene::new(spec);
        Self {
            observed: scene.observed,
            now: 0,
            tokens: 0,
            made: Default::default(),
            rollbacks: Default::default(),
            crash: None,
        }
    }

    fn happen(&mut self, event: &Event) {
        let revision = |number: u8| Some(REVISIONS[usize::from(number) % 4].to_owned());
        let delivery = self.observed.delivery.as_mut().expect("hidden, never taken");
        match event {
            Event::Wait(seconds) => self.now += i64::from(*seconds),
            Event::Push(number) => delivery.desired = revision(*number),
            Event::Blind => delivery.desired = None,
            // One operation at a time: a new one begins when the last one has ended.
            Event::Operate(number) if delivery.operation.is_none() && !delivery.awaits_health => {
                (delivery.attempted, delivery.applied) = (revision(*number), false);
                delivery.operation = Some(Operation { revision: revision(*number), ..Operation::default() });
            }
            Event::Apply => delivery.applied = delivery.attempted.is_some(),
            Event::Rest => (delivery.operation, delivery.awaits_health) = (None, false),
            Event::Check => delivery.awaits_health = delivery.operation.is_none() && delivery.attempted.is_some(),
            Event::Retry => {
                let may = delivery.attempted.is_some() && !delivery.awaits_health;
                delivery.operation = may.then(Operation::default);
            }
            Event::Held(held) => delivery.held = held.then(|| "a sync window".to_owned()),
            Event::Tree(number, same) => {
                let name = REVISIONS[usize::from(*number)];
                let tree = if *same { "t".to_owned() } else { format!("t{number}") };
                // What a commit contains does not change.
                self.observed.trees.entry(name.to_owned()).or_insert(tree);
            }
            Event::Pending(pending) => self.observed.trees_pending = *pending,
            Event::Outdated(outdated) => delivery.outdated = *outdated,
            Event::Unclear(unclear) => {
                let words = Judged::Unclear("two sources".to_owned());
                delivery.judged = if *unclear { words } else { Judged::Source(0) };
            }
            _ => self.happen_outside(event),
        }
    }

    fn happen_outside(&mut self, event: &Event) {
        match event {
            Event::Ready(kind) => {
                self.observed.readiness = match kind {
                    0 => Readiness::Unreadable("no answer".to_owned()),
                    1 => Readiness::Ready,
                    _ => Readiness::Waiting(vec!["Deployment shop/web: 0 of 1".to_owned()]),
                };
            }
            Event::End(which, kind) => self.end(*which, *kind),
            Event::Lose(which) => {
                if let Some(name) = self.going(*which) {
                    self.observed.runs.insert(name, Run::Lost);
                }
            }
            Event::Own(number) => {
                let own = REVISIONS.get(usize::from(*number)).map(|revision| (*revision).to_owned());
                self.observed.gate.spec.revision = own;
                self.observed.gate.generation += 1;
            }
            Event::Rerun | Event::Requested => {
                self.tokens += 1;
                let token = Some(self.tokens.to_string());
                let gate = &mut self.observed.gate;
                *(if matches!(event, Event::Rerun) { &mut gate.rerun } else { &mut gate.requested_at }) = token;
            }
            Event::Rollback(number) => {
                const PHASES: [RollbackPhase; 5] = [
                    RollbackPhase::Committing,
                    RollbackPhase::Deploying,
                    RollbackPhase::Refused,
                    RollbackPhase::Verifying,
                    RollbackPhase::Recovered,
                ];
                if let Some(seen) = &mut self.observed.rollback {
                    seen.phase = PHASES[usize::from(*number) % PHASES.len()];
                }
            }
            Event::Advisory(advisory) => {
                self.observed.gate.spec.mode = if *advisory { GateMode::Advisory } else { GateMode::Blocking };
                self.observed.gate.generation += 1;
            }
            Event::Invalid(invalid) => {
                self.observed.gate.spec.timeout = invalid.then(|| assay_api::DurationText::new("soon"));
                self.observed.gate.generation += 1;
            }
            Event::Crash(calls) => self.crash = Some(*calls),
            _ => {}
        }
    }

    fn going(&self, which: u8) -> Option<String> {
        let going = self.observed.runs.iter().filter(|(_, run)| matches!(run, Run::Going { .. }));
        let names: Vec<_> = going.map(|(name, _)| name.clone()).collect();
        names.get(usize::from(which) % names.len().max(1)).cloned()
    }

    fn end(&mut self, which: u8, kind: u8) {
        let Some(name) = self.going(which) else { return };
        let verdict = match kind % 8 {
            0..3 => Verdict::Failed,
            3..5 => Verdict::Passed,
            5 => Verdict::Errored,
            6 => Verdict::Flaky,
            _ => Verdict::Skipped,
        };
        let end = RunEnd { verdict, reason: Some(Reason::TestsFailed), message: None, at: Some(at(self.now)) };
        self.observed.runs.insert(name, Run::Ended(end));
    }

    /// One look of the operator: the status first, then what is to be done. It may die after any call.
    fn look(&mut self, gone: bool) {
        let mut observed = self.observed.clone();
        if gone {
            observed.delivery = None;
        }
        let decision = decide_gate(&observed, at(self.now));
        check(&observed, &decision);
        self.check(&observed, &decision);
        let mut calls = self.crash.take().map_or(u32::MAX, u32::from);
        let mut lives = || {
            let lives = calls > 0;
            calls = calls.saturating_sub(1);
            lives
        };
        if !lives() {
            return;
        }
        self.observed.previous = decision.status.clone();
        for action in &decision.actions {
            if !lives() {
                return;
            }
            self.act(action);
        }
    }

    fn act(&mut self, action: &GateAction) {
        match action {
            GateAction::Make(run) => {
                let known = self.made.insert(run.name.clone(), run.revision.clone());
                assert_eq!(known, None, "{} is made again", run.name);
                self.observed.runs.insert(run.name.clone(), Run::Going { cancelling: false });
            }
            GateAction::Cancel(name) => {
                let run = self.observed.runs.insert(name.clone(), Run::Going { cancelling: true });
                assert_eq!(run, Some(Run::Going { cancelling: false }));
            }
            GateAction::MakeRollback { name, spec } => {
                self.rollbacks.insert(name.clone());
                self.observed.rollback = Some(RollbackSeen {
                    bad: spec.bad.clone(),
                    phase: RollbackPhase::Evaluating,
                    failed_at: spec.failed_at,
                });
            }
            GateAction::PublishEvent { .. } => {}
        }
    }

    /// Green is said of the revision that its executions tested, or of one with the same content.
    fn check(&self, observed: &crate::gate::GateObserved, decision: &GateDecision) {
        let status = &decision.status;
        let Some(current) = &status.current else { return };
        let ready = kstatus::read(observed.gate.generation, status);
        let tested = |name: &str| {
            let revision = self.made.get(name).map_or("", String::as_str);
            let tree = |revision: &str| observed.trees.get(revision).cloned();
            revision == current.revision.revision
                || (tree(revision).is_some() && tree(revision) == current.revision.tree)
        };
        let role = |run: &&assay_api::GateExecution| run.role != assay_api::GateRole::Control;
        for run in current.executions.iter().filter(role).filter(|run| self.made.contains_key(&run.name)) {
            assert!(tested(&run.name), "{} did not test {}", run.name, current.revision.revision);
        }
        if ready == Status::Current && observed.gate.spec.mode == GateMode::Blocking {
            assert!(current.verdict.is_some_and(Verdict::is_green), "{current:?}");
        }
        if ready == Status::Failed && current.verdict.is_none() {
            let words = [Some(Reason::ConfigInvalid), Some(Reason::DeliveryUnclear)];
            assert!(words.contains(&status.reason), "{status:?}");
        }
        let operated =
            observed.delivery.as_ref().and_then(|delivery| super::super::page::holds_on(delivery).map(str::to_owned));
        let quiet = [Some(Reason::ConfigInvalid), Some(Reason::DeliveryUnclear), Some(Reason::DeliveryNotFound)];
        let outdated = observed.delivery.as_ref().is_some_and(|delivery| delivery.outdated);
        let judging = !outdated && !quiet.contains(&status.reason);
        if let Some(operated) = operated.filter(|_| judging) {
            // What an operation waits for is the judgement of its own revision, or of its content.
            let tree = observed.trees.get(&operated);
            let same =
                current.revision.revision == operated || (tree.is_some() && current.revision.tree.as_ref() == tree);
            assert!(same, "an operation of {operated} waits for the judgement of {}", current.revision.revision);
        }
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 250, failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_order_of_events_ends_in_one_verdict_of_what_is_deployed(
        events in proptest::collection::vec(event(), 0..80),
        control in any::<bool>(),
        reruns in 0u8..4,
    ) {
        let mut world = World::new(control, reruns);
        let mut gone = false;
        world.look(gone);
        for event in &events {
            if let Event::Gone(is) = event {
                gone = *is;
            }
            world.happen(event);
            world.look(gone);
        }
        // Whatever happened: once the delivery rests, time alone brings a verdict of what it delivers.
        world.crash = None;
        let clear = [Event::Unclear(false), Event::Outdated(false), Event::Own(5), Event::Invalid(false)];
        for event in [Event::Rest, Event::Held(false)].iter().chain(&clear) {
            world.happen(event);
        }
        world.happen(&Event::Push(2));
        world.happen(&Event::Operate(2));
        world.happen(&Event::Apply);
        for _ in 0..6 {
            world.look(false);
            world.now += 1000;
        }
        world.happen(&Event::Rest);
        world.look(false);
        let status = &world.observed.previous;
        let current = status.current.as_ref().expect("a judgement");
        assert_eq!(current.revision.revision, C);
        assert!(current.verdict.is_some(), "{status:?}");
        let running = world.observed.runs.values().filter(|run| matches!(run, Run::Going { cancelling: false }));
        assert_eq!(running.count(), 0, "nothing runs that nobody waits for");
    }
}
