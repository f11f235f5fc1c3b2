//! Facts for tests.

use assay_api::{Reason, StepState, TestExecutionStatus, Verdict};
use assay_protocol::{ArtifactTotals, BlockProgress, Progress, RunOutcome, Seal, StepProgress};
use jiff::Timestamp;

use crate::{
    ContainerFacts, ContainerState, Deadlines, ExecutionFacts, JobFacts, LogFacts, Observed, Older, PlanFacts, Planned,
    PodFacts, Recorded, Role,
};

pub(super) const START: i64 = 1_800_000_000;

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).expect("a time")
}

pub(super) fn job_name(attempt: u32) -> String {
    format!("e-1234567{attempt}")
}

pub(super) fn fresh() -> Observed {
    Observed {
        execution: ExecutionFacts {
            name: "e".into(),
            uid: "u".into(),
            generation: 1,
            created_at: at(0),
            workflow: "w".into(),
            cancel: false,
            pause: false,
            resume: Vec::new(),
            deleting: false,
            attempt: 1,
            job_name: job_name(1),
            next_job_name: job_name(2),
            delivery: None,
        },
        previous: TestExecutionStatus::default(),
        planned: Planned::Ready(PlanFacts { hash: "h".into() }),
        job: None,
        pods: Vec::new(),
        older: Older::default(),
        touched: None,
        run: None,
        log: LogFacts::default(),
        collected: Vec::new(),
        recorded: Recorded::Open,
        judged: None,
        store: None,
        commanded: None,
        seen: Vec::new(),
        refused: None,
    }
}

pub(super) fn job() -> JobFacts {
    JobFacts {
        created_at: at(0),
        deleted_at: None,
        foreign: false,
        plan_hash: "h".into(),
        deadlines: Deadlines { execution: Some(std::time::Duration::from_secs(3600)), ..Deadlines::default() },
        retries: 0,
        end: None,
        words: None,
    }
}

pub(super) fn container(name: &str, role: Role, state: ContainerState) -> ContainerFacts {
    ContainerFacts { name: name.into(), role, image: format!("r/{name}:1"), state }
}

pub(super) fn pod(phase: &str) -> PodFacts {
    let running = |name, role| container(name, role, ContainerState::Running);
    PodFacts {
        name: "e-12345671-x".into(),
        uid: "p".into(),
        created_at: at(0),
        phase: phase.into(),
        containers: vec![running("group-0", Role::Group), running("assay", Role::Leader)],
        ..PodFacts::default()
    }
}

pub(super) fn waiting(reason: &str, message: &str) -> PodFacts {
    let state = ContainerState::Waiting { reason: reason.into(), message: message.into() };
    PodFacts { containers: vec![container("group-0", Role::Group, state)], ..pod("Pending") }
}

/// The Job exists, with these pods.
pub(super) fn with(pods: Vec<PodFacts>) -> Observed {
    Observed { job: Some(job()), pods, planned: Planned::NotAsked, ..fresh() }
}

pub(super) fn outcome(verdict: Verdict, reason: Reason) -> RunOutcome {
    let message = "as the runner says".to_owned();
    RunOutcome { verdict, reason, message, finished_at: at(9), log_complete: true }
}

pub(super) fn progress(outcome: Option<RunOutcome>) -> Progress {
    let state = if outcome.is_some() { StepState::Passed } else { StepState::Running };
    let step = |id: &str, state| StepProgress {
        id: id.into(),
        name: id.into(),
        block: None,
        state,
        attempts: 1,
        exit_code: None,
        started_at: Some(at(1)),
        finished_at: None,
        message: None,
        outputs: std::collections::BTreeMap::new(),
    };
    Progress {
        sequence: 1,
        started_at: Some(at(1)),
        steps: vec![step("a", state), step("b", StepState::Waiting)],
        blocks: Vec::new(),
        paused: None,
        paused_ms: 0,
        tests: None,
        artifacts: ArtifactTotals::default(),
        outcome,
    }
}

/// A block of that handle, in another one or not, that begins with that step.
pub(super) fn block(id: &str, parent: Option<u16>, first: u16, state: StepState) -> BlockProgress {
    BlockProgress {
        id: id.into(),
        name: id.into(),
        parent,
        first,
        state,
        attempts: 1,
        started_at: Some(at(1)),
        finished_at: None,
        message: None,
    }
}

/// The pod before its containers are started.
pub(super) fn untouched() -> PodFacts {
    waiting("ContainerCreating", "")
}

pub(super) fn sealed(verdict: Verdict, reason: Reason, attempt: u32) -> PodFacts {
    let seal = Seal::of(&progress(Some(outcome(verdict, reason))), attempt, "h").expect("an outcome");
    let state = ContainerState::Terminated { exit_code: 0, reason: "Completed".into(), message: seal.to_message() };
    PodFacts { containers: vec![container("assay", Role::Leader, state)], ..pod("Succeeded") }
}
