//! A small world in which everything may happen in any order.

use assay_api::{Phase, Reason, Verdict};
use proptest::prelude::{Strategy, any, proptest};
use proptest::prop_oneof;

use super::build::{at, fresh, job, outcome, pod, progress, sealed, waiting};
use super::kstatus::{self, Status};
use crate::{Action, JobEnd, Observed, PlanFacts, Planned, PodFacts, Policy, Refusal, decide, fold_execution};

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
    Outcome(u8),
    Cancel,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0u16..90).prop_map(Event::Wait),
        1 => any::<bool>().prop_map(Event::Workflow),
        1 => proptest::strategy::Just(Event::Invalid),
        1 => any::<bool>().prop_map(Event::Refused),
        1 => proptest::strategy::Just(Event::Accepted),
        4 => (0u8..9).prop_map(Event::Pod),
        1 => proptest::strategy::Just(Event::PodGone),
        1 => proptest::strategy::Just(Event::JobGone),
        1 => any::<(bool, bool)>().prop_map(|(complete, late)| Event::JobEnd(complete, late)),
        1 => proptest::strategy::Just(Event::Progress),
        1 => (0u8..4).prop_map(Event::Outcome),
        1 => proptest::strategy::Just(Event::Cancel),
        1 => proptest::strategy::Just(Event::Restart),
    ]
}

struct World {
    observed: Observed,
    now: i64,
    jobs: u32,
    conclusions: u32,
}

impl World {
    fn new() -> Self {
        Self { observed: fresh(), now: 0, jobs: 0, conclusions: 0 }
    }

    fn happen(&mut self, event: &Event) {
        let observed = &mut self.observed;
        let exists = observed.job.is_some();
        match event {
            Event::Wait(seconds) => self.now += i64::from(*seconds),
            Event::Workflow(there) => {
                let ready = Planned::Ready(PlanFacts { hash: "h".into() });
                observed.planned = if *there { ready } else { Planned::WorkflowMissing };
            }
            Event::Invalid => {
                observed.planned = Planned::Invalid { reason: Reason::WorkflowInvalid, diagnostics: vec!["x".into()] };
            }
            Event::Refused(lasting) => {
                observed.refused = Some(Refusal { lasting: *lasting, message: "no".into() });
            }
            Event::Accepted => observed.refused = None,
            Event::Pod(kind) if exists => observed.pods = vec![any_pod(*kind)],
            Event::PodGone => observed.pods = Vec::new(),
            Event::JobGone => (observed.job, observed.pods) = (None, Vec::new()),
            Event::JobEnd(complete, late) => {
                if let Some(job) = &mut observed.job {
                    let reason = if *late { "DeadlineExceeded" } else { "BackoffLimitExceeded" };
                    job.end = Some(JobEnd { complete: *complete, reason: reason.into(), message: String::new() });
                }
            }
            Event::Progress if exists && observed.run.is_none() => observed.run = Some(progress(None)),
            Event::Outcome(kind) if exists => observed.run = Some(progress(Some(any_outcome(*kind)))),
            Event::Cancel if !observed.execution.cancel => {
                observed.execution.cancel = true;
                observed.execution.generation += 1;
            }
            Event::Restart => observed.seen = Vec::new(),
            Event::Pod(_) | Event::Progress | Event::Outcome(_) | Event::Cancel => {}
        }
    }

    /// One look: decide, act, publish, and check what must always hold.
    fn look(&mut self) {
        let (before, now) = (self.observed.clone(), at(self.now));
        let decision = decide(&before, &Policy::default(), now);
        assert!(!decision.message.is_empty() || before.previous.phase == Phase::Finished);
        assert_eq!(decision.verdict.is_some(), decision.phase == Phase::Finished || before.execution.deleting);
        let status = fold_execution(&before, &decision, now);
        check(&before, &status);
        assert_eq!(
            fold_execution(&Observed { previous: status.clone(), ..before.clone() }, &decision, now).conditions,
            status.conditions
        );
        self.observed.seen = before.remember(&decision.troubles, now);
        for action in &decision.actions {
            self.act(action);
        }
        self.observed.previous = status;
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::ApplyObjects if self.observed.refused.is_none() => {
                self.jobs += 1;
                let made = crate::JobFacts { created_at: at(self.now), ..job() };
                self.observed.job = Some(made);
            }
            Action::DeleteJob { foreground: true } => {
                self.observed.job.as_mut().expect("a Job to delete").deleted_at = Some(at(self.now));
            }
            Action::DeleteJob { foreground: false } => self.observed.job = None,
            Action::Conclude(_) => {
                self.conclusions += 1;
                self.observed.recorded = crate::Recorded::Concluded;
            }
            Action::ApplyObjects | Action::PublishEvent { .. } => {}
        }
    }
}

fn any_pod(kind: u8) -> PodFacts {
    match kind {
        0 => waiting("ErrImagePull", "i/o timeout"),
        1 => waiting("ErrImagePull", "not found"),
        2 => waiting("ContainerCreating", ""),
        3 => waiting("CreateContainerConfigError", "secret not found"),
        4 => PodFacts { unschedulable: Some("no nodes".into()), ..pod("Pending") },
        5 => PodFacts { reason: Some("Evicted".into()), ..pod("Failed") },
        6 => sealed(Verdict::Failed, Reason::TestsFailed),
        7 => pod("Failed"),
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
fn check(before: &Observed, status: &assay_api::TestExecutionStatus) {
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
    #[test]
    fn any_order_of_events_ends_in_one_judgement(events in proptest::collection::vec(event(), 0..40)) {
        let mut world = World::new();
        world.look();
        for event in &events {
            world.happen(event);
            world.look();
        }
        // Whatever happened: with time alone it comes to an end.
        for _ in 0..6 {
            world.now += 3 * 3600;
            world.look();
        }
        assert_eq!(world.observed.previous.phase, Phase::Finished, "{:?}", world.observed);
        assert!(world.jobs <= 1, "{} Jobs", world.jobs);
        assert_eq!(world.conclusions, 1);
    }
}
