//! A small world in which everything may happen in any order, and in which the
//! operator may die between any two of its calls.

use std::collections::BTreeMap;

use assay_api::{Phase, Reason, TestExecutionStatus, Verdict};
use assay_protocol::Progress;
use assay_protocol::ingest::Commands;
use assay_protocol::rest::Conclusion;
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::prop_oneof;

use super::build::{at, fresh, job, job_name, outcome, pod, progress, sealed, untouched, waiting};
use super::kstatus::{self, Status};
use crate::{
    Action, ContainerState, JobEnd, JobFacts, Observed, Older, PlanFacts, Planned, PodFacts, Policy, Recorded, Refusal,
    Seen, decide, fold_execution,
};

#[derive(Clone, Debug)]
enum Event {
    Wait(u16),
    Workflow(bool),
    Invalid,
    Refused(bool),
    Accepted,
    Pod(u8),
    PodGone,
    JobGone,
    JobEnd(bool, bool),
    Progress,
    Paused(bool),
    Outcome(u8),
    LateOutcome,
    Cancel,
    Pause,
    Store(bool),
    /// The pod is made, and lost before its first step.
    Lose,
    /// The next look dies after so many calls.
    Crash(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u16..90).prop_map(Event::Wait),
        1 => any::<bool>().prop_map(Event::Workflow),
        1 => Just(Event::Invalid),
        1 => any::<bool>().prop_map(Event::Refused),
        1 => Just(Event::Accepted),
        6 => (0u8..13).prop_map(Event::Pod),
        1 => Just(Event::PodGone),
        1 => Just(Event::JobGone),
        1 => any::<(bool, bool)>().prop_map(|(complete, late)| Event::JobEnd(complete, late)),
        1 => Just(Event::Progress),
        1 => any::<bool>().prop_map(Event::Paused),
        1 => (0u8..4).prop_map(Event::Outcome),
        1 => Just(Event::LateOutcome),
        1 => Just(Event::Cancel),
        1 => Just(Event::Pause),
        1 => any::<bool>().prop_map(Event::Store),
        6 => Just(Event::Lose),
        3 => (0u8..5).prop_map(Event::Crash),
    ]
}

/// What one attempt left in the cluster.
#[derive(Clone, Debug, Default)]
struct Attempt {
    job: Option<JobFacts>,
    pods: Vec<PodFacts>,
    /// Jobs made, and whether a status, or the runner, ever spoke of one.
    made: u32,
    known: bool,
}

/// The store, which can be away.
#[derive(Clone, Debug, Default)]
struct Kept {
    away: bool,
    attempt: u32,
    run: Option<Progress>,
    judged: Option<Conclusion>,
    commands: Option<Commands>,
}

/// What the operator remembers, and forgets when it dies.
#[derive(Clone, Debug, Default)]
struct Memory {
    seen: Vec<Seen>,
    touched: Option<bool>,
    refused: Option<Refusal>,
    commanded: Option<Commands>,
    attempt: u32,
}

struct World {
    now: i64,
    base: Observed,
    refusing: Option<Refusal>,
    retries: u32,
    attempts: BTreeMap<u32, Attempt>,
    kept: Kept,
    status: TestExecutionStatus,
    memory: Memory,
    crash: Option<u8>,
}

impl World {
    fn new(retries: u32) -> Self {
        Self {
            now: 0,
            base: fresh(),
            refusing: None,
            retries,
            attempts: BTreeMap::new(),
            kept: Kept::default(),
            status: TestExecutionStatus::default(),
            memory: Memory::default(),
            crash: None,
        }
    }

    /// The attempt, as the operator finds it out.
    fn attempt(&self) -> u32 {
        let told = self.status.job.as_ref().map_or(1, |job| job.attempt.unsigned_abs());
        let kept = if self.kept.away { 0 } else { self.kept.attempt };
        told.max(kept).max(self.attempts.iter().filter(|(_, a)| a.job.is_some()).map(|(n, _)| *n).max().unwrap_or(1))
    }

    fn current(&mut self) -> &mut Attempt {
        let attempt = self.attempt();
        self.attempts.entry(attempt).or_default()
    }

    fn observe(&mut self) -> Observed {
        let attempt = self.attempt();
        if self.memory.attempt != attempt {
            self.memory = Memory { attempt, ..Memory::default() };
        }
        let own = self.attempts.get(&attempt).cloned().unwrap_or_default();
        if let Some(pod) = own.pods.first() {
            self.memory.touched = Some(self.memory.touched == Some(true) || pod.is_touched());
        }
        let older = || self.attempts.range(..attempt);
        let mut observed = self.base.clone();
        observed.execution.attempt = attempt;
        observed.execution.job_name = job_name(attempt);
        observed.execution.next_job_name = job_name(attempt + 1);
        observed.previous = self.status.clone();
        observed.older = Older {
            jobs: older()
                .filter(|(_, a)| a.job.as_ref().is_some_and(|job| job.deleted_at.is_none()))
                .map(|(n, _)| job_name(*n))
                .collect(),
            busy: older().flat_map(|(_, a)| &a.pods).any(|pod| !pod.is_over()),
        };
        observed.job = own.job.map(|job| JobFacts { retries: self.retries, ..job });
        observed.pods = own.pods;
        observed.touched = self.memory.touched;
        observed.refused = self.memory.refused.clone();
        observed.seen = self.memory.seen.clone();
        observed.commanded = self.memory.commanded.clone();
        self.ask_store(&mut observed, attempt);
        observed
    }

    fn ask_store(&self, observed: &mut Observed, attempt: u32) {
        if self.kept.away {
            (observed.recorded, observed.store) = (Recorded::Away, Some("no space left".into()));
            return;
        }
        observed.judged = self.kept.judged.clone();
        observed.run = self.kept.run.clone().filter(|_| self.kept.attempt == attempt);
        observed.recorded = match (&self.kept.judged, self.kept.attempt == attempt) {
            (Some(_), _) => Recorded::Concluded,
            (None, true) => Recorded::Open,
            (None, false) => Recorded::Unknown,
        };
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Wait(seconds) => self.now += i64::from(*seconds),
            Event::Workflow(there) => {
                let ready = Planned::Ready(PlanFacts { hash: "h".into() });
                self.base.planned = if *there { ready } else { Planned::WorkflowMissing };
            }
            Event::Invalid => {
                let diagnostics = vec!["x".into()];
                self.base.planned = Planned::Invalid { reason: Reason::WorkflowInvalid, diagnostics };
            }
            Event::Refused(lasting) => self.refusing = Some(Refusal { lasting: *lasting, message: "no".into() }),
            Event::Accepted => self.refusing = None,
            Event::Cancel | Event::Pause => {
                let execution = &mut self.base.execution;
                execution.generation += 1;
                execution.cancel |= matches!(event, Event::Cancel);
                execution.pause = matches!(event, Event::Pause) && !execution.pause;
            }
            Event::Store(away) => self.kept.away = *away,
            Event::Crash(calls) => self.crash = Some(*calls),
            Event::Lose => {
                for _ in 0..2 {
                    self.now += 70;
                    self.look();
                }
                self.happen_in_cluster(&Event::Pod(8));
            }
            _ => self.happen_in_cluster(event),
        }
    }

    fn happen_in_cluster(&mut self, event: &Event) {
        let attempt = self.attempt();
        let own = self.current();
        let exists = own.job.is_some();
        match event {
            Event::Pod(kind) if exists => own.pods = vec![any_pod(*kind, attempt)],
            Event::PodGone => own.pods = Vec::new(),
            Event::JobGone => (own.job, own.pods) = (None, Vec::new()),
            Event::JobEnd(complete, late) => {
                if let Some(job) = &mut own.job {
                    let reason = if *late { "DeadlineExceeded" } else { "BackoffLimitExceeded" };
                    job.end = Some(JobEnd { complete: *complete, reason: reason.into(), message: String::new() });
                }
            }
            Event::Progress if exists => self.say(attempt, progress(None)),
            Event::Paused(begun) if exists => {
                let mut run = progress(None);
                run.paused = Some(assay_protocol::Paused { step: "a".into(), since: at(self.now) });
                run.started_at = run.started_at.filter(|_| *begun);
                self.say(attempt, run);
            }
            Event::Outcome(kind) if exists => self.say(attempt, progress(Some(any_outcome(*kind)))),
            Event::LateOutcome if attempt > 1 => self.say(attempt - 1, progress(Some(any_outcome(1)))),
            _ => {}
        }
    }

    /// A runner speaks to the store, which listens to the newest attempt only.
    fn say(&mut self, attempt: u32, run: Progress) {
        let over = self.kept.run.as_ref().is_some_and(|run| run.outcome.is_some());
        if !self.kept.away && self.kept.attempt == attempt && !over {
            self.kept.run = Some(run);
            self.attempts.entry(attempt).or_default().known = true;
        }
    }

    /// One look: decide, act, publish, and check what must always hold. The
    /// order of the calls is that of the operator.
    fn look(&mut self) {
        let (before, now) = (self.observe(), at(self.now));
        let decision = decide(&before, &Policy::default(), now);
        assert!(!decision.message.is_empty() || before.previous.phase == Phase::Finished);
        assert_eq!(decision.verdict.is_some(), decision.phase == Phase::Finished);
        let status = fold_execution(&before, &decision, now);
        check(&before, &status);
        let said = decision.verdict.is_some() && before.judged.is_none() && decision.message == "as the runner says";
        assert!(!said || before.previous.phase == Phase::Finished || spoke(&before), "an older attempt was believed");
        self.memory.seen = before.remember(&decision.troubles, now);
        let mut calls = self.crash.take().map_or(u32::MAX, u32::from);
        let mut call = || {
            let lives = calls > 0;
            calls = calls.saturating_sub(1);
            lives
        };
        let (conclusions, others): (Vec<_>, Vec<_>) =
            decision.actions.iter().partition(|action| matches!(action, Action::Conclude(_)));
        let first = decision.next_attempt.is_some();
        let mut steps: Vec<Step<'_>> = conclusions.into_iter().map(Step::Act).collect();
        let ends = decision.verdict.is_some();
        let written = [Step::Write];
        if first || ends {
            steps.extend(written);
            steps.extend(others.into_iter().map(Step::Act));
        } else {
            steps.extend(others.into_iter().map(Step::Act));
            steps.extend(written);
        }
        for step in steps {
            if !call() {
                self.memory = Memory::default();
                return;
            }
            match step {
                Step::Write => self.write(&status),
                Step::Act(action) => self.act(action, before.execution.attempt),
            }
        }
    }

    fn write(&mut self, status: &TestExecutionStatus) {
        let attempt = |status: &TestExecutionStatus| status.job.as_ref().map_or(1, |job| job.attempt);
        let (was, is) = (attempt(&self.status), attempt(status));
        assert!(is == was || is == was + 1 || is.unsigned_abs() == self.attempt(), "from attempt {was} to {is}");
        if let Some(job) = status.job.as_ref().filter(|job| !job.plan_hash.is_empty()) {
            self.attempts.entry(job.attempt.unsigned_abs()).or_default().known = true;
        }
        self.status = status.clone();
    }

    fn act(&mut self, action: &Action, attempt: u32) {
        match action {
            Action::ApplyObjects => self.apply(attempt),
            Action::Begin => self.begin(attempt),
            Action::SetCommands(commands) => {
                assert_eq!(self.kept.attempt, attempt, "the store knows it");
                self.kept.commands = Some(commands.clone());
                self.memory.commanded = Some(commands.clone());
            }
            Action::DeleteJob { name, foreground } => {
                let own =
                    self.attempts.iter_mut().find(|(n, _)| job_name(**n) == *name).expect("a Job that was made").1;
                match (foreground, &mut own.job) {
                    (true, Some(job)) => job.deleted_at = Some(at(self.now)),
                    _ => (own.job, own.pods) = (None, Vec::new()),
                }
            }
            Action::Conclude(conclusion) if !self.kept.away => {
                let known = self.kept.judged.as_ref().map(|known| (known.verdict, known.reason));
                assert!(known.is_none_or(|known| known == (conclusion.verdict, conclusion.reason)), "judged twice");
                self.kept.attempt = self.kept.attempt.max(attempt);
                self.kept.judged = Some(conclusion.clone());
            }
            Action::Conclude(_) | Action::PublishEvent { .. } => {}
        }
    }

    fn begin(&mut self, attempt: u32) {
        if !self.kept.away && self.kept.attempt < attempt {
            (self.kept.attempt, self.kept.run) = (attempt, None);
        }
    }

    fn apply(&mut self, attempt: u32) {
        self.begin(attempt);
        if let Some(refusal) = &self.refusing {
            self.memory.refused = Some(refusal.clone());
            return;
        }
        self.memory.refused = None;
        let created_at = at(self.now);
        let own = self.attempts.entry(attempt).or_default();
        if own.job.is_none() {
            assert!(own.made == 0 || !own.known, "a Job that was known is made again");
            own.made += 1;
            own.job = Some(JobFacts { created_at, ..job() });
        }
        let at_once = self.attempts.values().filter(|a| a.job.as_ref().is_some_and(|job| job.deleted_at.is_none()));
        assert!(at_once.count() <= 1, "Jobs of two attempts at once");
    }
}

enum Step<'a> {
    Write,
    Act(&'a Action),
}

/// Whether the runner of this very attempt gave an outcome.
fn spoke(observed: &Observed) -> bool {
    let sealed = observed.pods.iter().flat_map(|pod| &pod.containers).any(|container| match &container.state {
        ContainerState::Terminated { message, .. } => {
            assay_protocol::Seal::parse(message).is_ok_and(|seal| seal.attempt == observed.execution.attempt)
        }
        _ => false,
    });
    sealed || observed.run.as_ref().is_some_and(|run| run.outcome.is_some())
}

fn any_pod(kind: u8, attempt: u32) -> PodFacts {
    match kind {
        0 => waiting("ErrImagePull", "i/o timeout"),
        1 => waiting("ErrImagePull", "not found"),
        2 => untouched(),
        3 => waiting("CreateContainerConfigError", "secret not found"),
        4 => PodFacts { unschedulable: Some("no nodes".into()), containers: Vec::new(), ..pod("Pending") },
        5 => PodFacts { reason: Some("Evicted".into()), ..pod("Failed") },
        6 => sealed(Verdict::Failed, Reason::TestsFailed, attempt),
        7 => pod("Failed"),
        8 => PodFacts { reason: Some("Evicted".into()), phase: "Failed".into(), ..untouched() },
        9 => PodFacts { disrupted: Some("DeletionByPodGC: gone".into()), phase: "Failed".into(), ..untouched() },
        10 => PodFacts { deleted_at: Some(at(0)), ..untouched() },
        11 => sealed(Verdict::Failed, Reason::TestsFailed, attempt.saturating_sub(1)),
        _ => pod("Running"),
    }
}

fn any_outcome(kind: u8) -> assay_protocol::RunOutcome {
    match kind {
        0 => outcome(Verdict::Passed, Reason::Passed),
        1 => outcome(Verdict::Failed, Reason::TestsFailed),
        2 => outcome(Verdict::Cancelled, Reason::Cancelled),
        _ => outcome(Verdict::Errored, Reason::SetupFailed),
    }
}

/// The status is one that Flux and Argo read right, and a final one stays.
fn check(before: &Observed, status: &TestExecutionStatus) {
    let previous = &before.previous;
    let want = match status.verdict {
        None => Status::InProgress,
        Some(verdict) if verdict.is_green() => Status::Current,
        Some(_) => Status::Failed,
    };
    let generation = before.execution.generation;
    assert_eq!(kstatus::read(generation, status.observed_generation, &status.conditions), want, "{status:?}");
    assert_eq!(status.verdict.is_some(), status.finished_at.is_some());
    assert!(status.reason.is_some() && status.message.is_some());
    let bytes = serde_json::to_vec(status).expect("plain data").len();
    assert!(bytes < 64 * 1024, "{bytes} bytes");
    for condition in &status.conditions {
        assert_eq!(condition.observed_generation, Some(generation));
        assert_eq!(Some(condition.reason.as_str()), status.reason.map(Reason::as_str));
    }
    if previous.phase == Phase::Finished {
        let same = (status.phase, status.verdict, status.reason, status.finished_at);
        assert_eq!(same, (previous.phase, previous.verdict, previous.reason, previous.finished_at));
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 400, failure_persistence: None, ..Default::default() })]
    #[test]
    fn any_order_of_events_ends_in_one_judgement(
        events in proptest::collection::vec(event(), 0..60),
        retries in 0u32..3,
    ) {
        let mut world = World::new(retries);
        world.look();
        for event in &events {
            world.happen(event);
            world.look();
        }
        // Whatever happened: with time alone it comes to an end, and once the store is back it knows it.
        for _ in 0..30 {
            world.now += 3 * 3600;
            world.look();
        }
        assert_eq!(world.status.phase, Phase::Finished, "{:?}", world.status);
        world.kept.away = false;
        world.look();
        world.look();
        let attempt = world.attempt();
        assert!(attempt <= 4, "{attempt} attempts");
        let judged = world.kept.judged.as_ref().map(|judged| (Some(judged.verdict), Some(judged.reason)));
        assert_eq!(judged, Some((world.status.verdict, world.status.reason)));
        let left = world.attempts.iter().filter(|(n, a)| **n < attempt && a.job.is_some()).count();
        assert_eq!(left, 0, "Jobs of lost attempts are left");
    }
}
