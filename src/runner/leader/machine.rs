//! The order of things, as a pure state machine: events and the time go in,
//! deeds come out. Nothing in it touches a file, a clock or a socket, so that
//! every order of events can be tried.

use std::time::Duration;

use assay_api::StepState;
use assay_protocol::control::{Done, Ending, Stop, starts_at_once};
use assay_protocol::{Condition, Instruction, PlanDocument, Section};
use assay_report::Counts;
use jiff::Timestamp;

use super::facts::{Deed, Event, Now};
use super::narrate;
use super::runs::{Outcome, Run, delay_before, judge};

/// Of the pod's 30 s of grace, what `after` steps may use when it is deleted.
const AFTER_TERMINATION: Duration = Duration::from_secs(18);
/// How long a step container may take to answer a stop: grace, drain, collecting.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// The same when the pod is being deleted.
const STOP_PATIENCE_TERMINATING: Duration = Duration::from_secs(10);

/// Where the current step stands.
#[derive(Clone, Debug)]
enum Stage {
    Idle,
    Running { attempt: u32, give_up_at: Option<Duration> },
    Judging { done: Box<Done> },
    Pausing { next: u32, until: Duration, last: Outcome },
    Over,
}

/// The leader's mind.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    steps: Vec<Instruction>,
    runs: Vec<Run>,
    ready: Vec<Option<Timestamp>>,
    at_once: Option<u16>,
    stage: Stage,
    current: usize,
    failed: bool,
    begun: Option<Duration>,
    timeout: Duration,
    after_grace: Duration,
    timed_out: bool,
    terminated_at: Option<Duration>,
    told_to_end: bool,
    hurried: bool,
    deeds: Vec<Deed>,
}

impl Machine {
    pub(super) fn new(plan: &PlanDocument) -> Self {
        Self {
            steps: plan.steps.clone(),
            runs: vec![Run::default(); plan.steps.len()],
            ready: vec![None; plan.groups.len()],
            at_once: starts_at_once(plan),
            stage: Stage::Idle,
            current: 0,
            failed: false,
            begun: None,
            timeout: Duration::from_millis(plan.timeout_ms),
            after_grace: Duration::from_millis(plan.after_grace_ms),
            timed_out: false,
            terminated_at: None,
            told_to_end: false,
            hurried: false,
            deeds: Vec::new(),
        }
    }

    pub(super) fn steps(&self) -> &[Instruction] {
        &self.steps
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.terminated_at.is_some()
    }

    pub(super) fn is_timed_out(&self) -> bool {
        self.timed_out
    }

    /// When [`Event::Tick`] is wanted next.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let limit = self.limit();
        match &self.stage {
            Stage::Running { give_up_at: None, .. } => limit,
            Stage::Running { give_up_at, .. } => *give_up_at,
            Stage::Pausing { until, .. } => Some(limit.map_or(*until, |limit| limit.min(*until))),
            Stage::Idle | Stage::Judging { .. } | Stage::Over => None,
        }
    }

    /// Takes an event, gives what is to be done about it.
    pub(super) fn handle(&mut self, event: Event, now: Now) -> Vec<Deed> {
        match event {
            Event::Begin => self.advance(now),
            Event::Ready { group, at } => self.on_ready(group, at),
            Event::Done(done) => self.on_done(done, now),
            Event::Judged { step, attempt, counts } => self.on_judged(step, attempt, counts, now),
            Event::Lost { group } => self.on_lost(group, now),
            Event::Terminate => self.on_terminate(now),
            Event::Tick => self.on_tick(now),
        }
        std::mem::take(&mut self.deeds)
    }

    /// Time at which whatever runs now has to end.
    fn limit(&self) -> Option<Duration> {
        let begun = self.begun?;
        if self.section() != Some(Section::After) {
            return begun.checked_add(self.timeout);
        }
        let limit = begun.checked_add(self.timeout)?.checked_add(self.after_grace);
        let by_deletion = self.terminated_at.map(|at| if self.hurried { at } else { at + AFTER_TERMINATION });
        [limit, by_deletion].into_iter().flatten().min()
    }

    fn section(&self) -> Option<Section> {
        self.steps.get(self.current).map(|step| step.section)
    }

    /// Passes over steps that are not to run and starts the first that is.
    fn advance(&mut self, now: Now) {
        while let Some(step) = self.steps.get(self.current) {
            let Some(why) = self.why_skipped(step, now) else {
                self.start(1, now);
                return;
            };
            let run = &mut self.runs[self.current];
            run.state = StepState::Skipped;
            run.message = Some(why.to_owned());
            let text = narrate::skipped(step, why);
            self.deeds.push(Deed::Say { step: step.index, attempt: 1, at: now.wall, text });
            self.current += 1;
        }
        self.stage = Stage::Over;
        self.deeds.push(Deed::Finished);
    }

    fn why_skipped(&self, step: &Instruction, now: Now) -> Option<&'static str> {
        if step.section == Section::After {
            if self.limit().is_some_and(|limit| now.since >= limit) {
                return Some("no time was left for it");
            }
        } else if self.is_cancelled() {
            return Some("the execution was cancelled");
        } else if self.timed_out {
            return Some("the execution's deadline had passed");
        }
        match step.condition {
            Condition::Always => None,
            Condition::Never | Condition::When(_) => Some("its condition does not hold"),
            Condition::Passed => self.failed.then_some("an earlier step did not pass"),
            Condition::Failed => (!self.failed).then_some("no earlier step failed"),
        }
    }

    fn start(&mut self, attempt: u32, now: Now) {
        let step = &self.steps[self.current];
        self.begun.get_or_insert(now.since);
        self.runs[self.current].attempts = attempt;
        self.stage = Stage::Running { attempt, give_up_at: None };
        let given = attempt == 1 && self.at_once == Some(step.index);
        if !given {
            self.deeds.push(Deed::Go { group: step.group, step: step.index, attempt });
        }
        let ready = self.ready[usize::from(step.group)];
        if let Some(ready) = ready {
            self.note_start(if given { ready } else { now.wall });
        }
    }

    /// The step's process runs, as far as anybody can know.
    fn note_start(&mut self, at: Timestamp) {
        let step = &self.steps[self.current];
        let run = &mut self.runs[self.current];
        run.state = StepState::Running;
        run.started_at.get_or_insert(at);
        let text = narrate::started(step, run.attempts);
        self.deeds.push(Deed::Say { step: step.index, attempt: run.attempts, at, text });
    }

    fn on_ready(&mut self, group: u16, at: Timestamp) {
        let Some(slot @ None) = self.ready.get_mut(usize::from(group)) else { return };
        *slot = Some(at);
        let waiting = self.steps.get(self.current).is_some_and(|step| step.group == group);
        if waiting && matches!(self.stage, Stage::Running { .. }) {
            self.note_start(at);
        }
    }

    fn on_done(&mut self, done: Box<Done>, now: Now) {
        let Stage::Running { attempt, give_up_at } = self.stage else { return };
        if usize::from(done.step) != self.current || done.attempt != attempt {
            return;
        }
        if done.ending == Ending::Stopped && give_up_at.is_none() {
            // The step container was told to end before we were: the pod is being deleted.
            self.terminated_at.get_or_insert(now.since);
        }
        let run = &mut self.runs[self.current];
        run.exit_code = done.exit_code;
        run.not_started = done.ending == Ending::NotStarted;
        run.started_at = Some(if attempt == 1 { done.started_at } else { run.started_at.unwrap_or(done.started_at) });
        run.finished_at = Some(done.finished_at);
        run.counts = None;
        if done.files.is_empty() {
            self.conclude_attempt(&done, None, now);
        } else {
            self.stage = Stage::Judging { done: done.clone() };
            self.deeds.push(Deed::Judge { done });
        }
    }

    fn on_judged(&mut self, step: u16, attempt: u32, counts: Option<Counts>, now: Now) {
        let Stage::Judging { done } = &self.stage else { return };
        if done.step != step || done.attempt != attempt {
            return;
        }
        let done = done.clone();
        self.runs[self.current].counts = counts;
        self.conclude_attempt(&done, counts.as_ref(), now);
    }

    fn conclude_attempt(&mut self, done: &Done, counts: Option<&Counts>, now: Now) {
        let step = &self.steps[self.current];
        let mut outcome = judge(step, done, counts);
        if outcome.state == StepState::Cancelled {
            outcome.message = Some(narrate::stopped(self.is_cancelled()).to_owned());
        }
        let next = done.attempt + 1;
        if outcome.state.is_bad() && outcome.worth_retrying && next <= step.retry.attempts && self.has_time(now) {
            let delay = delay_before(step, next);
            let text = narrate::retrying(step, &outcome, next, delay);
            self.deeds.push(Deed::Say { step: step.index, attempt: done.attempt, at: now.wall, text });
            if delay.is_zero() {
                self.start(next, now);
            } else {
                self.stage = Stage::Pausing { next, until: now.since + delay, last: outcome };
            }
            return;
        }
        if !done.files.is_empty() || !done.notes.is_empty() {
            self.deeds.push(Deed::Keep { done: Box::new(done.clone()) });
        }
        self.conclude_step(outcome, now);
    }

    fn has_time(&self, now: Now) -> bool {
        let open = self.section() == Some(Section::After) || !(self.is_cancelled() || self.timed_out);
        open && self.limit().is_none_or(|limit| now.since < limit)
    }

    fn conclude_step(&mut self, outcome: Outcome, now: Now) {
        let step = &self.steps[self.current];
        let run = &mut self.runs[self.current];
        run.state = outcome.state;
        run.message = outcome.message;
        if outcome.state.is_bad() && !step.optional && step.section != Section::After {
            self.failed = true;
        }
        let text = narrate::ended(step, run);
        self.deeds.push(Deed::Say { step: step.index, attempt: run.attempts, at: now.wall, text });
        self.stage = Stage::Idle;
        self.current += 1;
        self.advance(now);
    }

    fn on_lost(&mut self, group: u16, now: Now) {
        let ours = self.steps.get(self.current).is_some_and(|step| step.group == group);
        if ours && matches!(self.stage, Stage::Running { .. }) {
            let message = "its container ended without a result (out of memory?)".to_owned();
            self.give_up(message, now);
        }
    }

    fn give_up(&mut self, message: String, now: Now) {
        let run = &mut self.runs[self.current];
        run.finished_at = Some(now.wall);
        let outcome = Outcome { state: StepState::Errored, message: Some(message), worth_retrying: false };
        self.conclude_step(outcome, now);
    }

    fn on_terminate(&mut self, now: Now) {
        // The step container's end may have told us before our own signal came; only a second signal is haste.
        self.hurried = std::mem::replace(&mut self.told_to_end, true);
        self.terminated_at.get_or_insert(now.since);
        if self.section() == Some(Section::After) {
            self.on_tick(now);
        } else {
            self.interrupt(Stop::Cancelled, now);
        }
    }

    fn on_tick(&mut self, now: Now) {
        match &self.stage {
            Stage::Running { give_up_at: Some(at), .. } if now.since >= *at => {
                self.give_up("its container did not answer when it was told to stop".to_owned(), now);
            }
            Stage::Running { give_up_at: Some(_), .. } | Stage::Idle | Stage::Judging { .. } | Stage::Over => {}
            _ if self.limit().is_some_and(|limit| now.since >= limit) => {
                self.timed_out = self.timed_out || self.section() != Some(Section::After);
                self.interrupt(Stop::Deadline, now);
            }
            Stage::Pausing { next, until, .. } if now.since >= *until => self.start(*next, now),
            Stage::Pausing { .. } | Stage::Running { .. } => {}
        }
    }

    /// Ends what runs; a step that waits for its next attempt keeps its last result.
    fn interrupt(&mut self, why: Stop, now: Now) {
        match &mut self.stage {
            Stage::Running { attempt, give_up_at: give_up_at @ None } => {
                let patience = if self.terminated_at.is_some() { STOP_PATIENCE_TERMINATING } else { STOP_PATIENCE };
                *give_up_at = Some(now.since + patience);
                let (step, attempt) = (&self.steps[self.current], *attempt);
                let group = usize::from(step.group);
                self.deeds.push(Deed::Stop { group: step.group, step: step.index, attempt, why });
                if self.ready[group].is_none() {
                    // Should it start after all, it finds the stop-file beside the go-file.
                    self.give_up("its container had not started".to_owned(), now);
                }
            }
            Stage::Pausing { last, .. } => {
                let last = last.clone();
                self.conclude_step(last, now);
            }
            Stage::Running { .. } | Stage::Idle | Stage::Judging { .. } | Stage::Over => {}
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
