//! The order of things, as a pure state machine: events and the time go in,
//! deeds come out. Nothing in it touches a file, a clock or a socket, so that
//! every order of events can be tried.
//!
//! It walks the tree of blocks and steps. A node is *entered*: its condition
//! is asked, its delay and its pause are waited for. Then a step is *started*
//! and a block *opened*, which enters its first child. When an attempt of
//! either has ended, it is tried again or *concluded*, and the next node of
//! the list is entered.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_api::StepState;
use assay_protocol::control::{Done, Ending, Go, Stop, starts_at_once};
use assay_protocol::ingest::Commands;
use assay_protocol::{Instruction, PlanDocument, Section};
use assay_report::Counts;
use jiff::Timestamp;

use super::clock::Clock;
use super::cursor::Cursor;
use super::facts::{Deed, Event, Now};
use super::holds::Holds;
use super::knowledge::Knowledge;
use super::runs::{Outcome, Run};
use super::tree::{Id, Tree};

mod ending;
mod entering;

/// How long a step container may take to answer a stop: grace, drain, collecting.
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// The same when the pod is being deleted.
const STOP_PATIENCE_TERMINATING: Duration = Duration::from_secs(10);

/// Where the current node stands.
#[derive(Clone, Debug)]
enum Stage {
    Idle,
    /// It begins later.
    Delaying {
        until: Duration,
    },
    /// It waits for somebody; `last` is what its last attempt came to.
    Held {
        last: Option<Outcome>,
    },
    /// Its process runs, and may have been told to stop.
    Running {
        attempt: u32,
        stop: Option<(Stop, Duration)>,
    },
    /// Its reports are being read.
    Judging {
        done: Box<Done>,
        stop: Option<Stop>,
    },
    /// It is tried again later.
    BackingOff {
        until: Duration,
        last: Outcome,
    },
    Over,
}

/// Whether the walk waits for an event now, or goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Wait,
    GoOn,
}

/// A container that runs steps, as the machine knows it.
#[derive(Clone, Copy, Debug, Default)]
struct Container {
    ready: Option<Timestamp>,
    lost: bool,
}

/// The leader's mind.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    tree: Tree,
    runs: Vec<Run>,
    containers: Vec<Container>,
    at_once: Option<u16>,
    cursor: Cursor,
    clock: Clock,
    holds: Holds,
    stage: Stage,
    /// Last attempts whose files wait until no block around them can be tried again.
    kept: BTreeMap<u16, Box<Done>>,
    deeds: Vec<Deed>,
}

impl Machine {
    pub(super) fn new(plan: &PlanDocument) -> Self {
        let tree = Tree::new(plan);
        Self {
            runs: vec![Run::default(); tree.len()],
            tree,
            containers: vec![Container::default(); plan.groups.len()],
            at_once: starts_at_once(plan),
            cursor: Cursor::new(),
            clock: Clock::new(plan),
            holds: Holds::new(plan),
            stage: Stage::Idle,
            kept: BTreeMap::new(),
            deeds: Vec::new(),
        }
    }

    pub(super) fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The record of every node.
    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    pub(super) fn run(&self, id: Id) -> &Run {
        &self.runs[id.position()]
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(super) fn holds(&self) -> &Holds {
        &self.holds
    }

    /// What a step is told about earlier steps.
    pub(super) fn go(&self, step: u16) -> Go {
        let action = self.tree.steps().get(usize::from(step)).and_then(|step| step.action.as_ref());
        action.map_or_else(Go::default, |action| self.knowledge(None).go(&action.needs))
    }

    /// The step that began last, and its newest attempt.
    pub(super) fn newest(&self) -> (u16, u32) {
        let begun = |step: &&Instruction| self.run(self.tree.of_step(step.index)).attempts > 0;
        let newest = self.tree.steps().iter().rfind(begun).map_or(0, |step| step.index);
        let attempts = self.runs.get(self.tree.of_step(newest).position()).map_or(0, |run| run.attempts);
        (newest, attempts.max(1))
    }

    /// When [`Event::Tick`] is wanted next.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let own = match &self.stage {
            Stage::Running { stop: Some((_, give_up_at)), .. } => return Some(*give_up_at),
            Stage::Held { .. } => return self.holds.limit(),
            Stage::Idle | Stage::Judging { .. } | Stage::Over => return None,
            Stage::Running { stop: None, .. } => None,
            Stage::Delaying { until } | Stage::BackingOff { until, .. } => Some(*until),
        };
        [own, self.clock.limit(self.section()), self.cursor.deadline()].into_iter().flatten().min()
    }

    /// Takes an event, gives what is to be done about it.
    pub(super) fn handle(&mut self, event: Event, now: Now) -> Vec<Deed> {
        match event {
            Event::Begin => self.advance(now),
            Event::Ready { group, at } => self.on_ready(group, at),
            Event::Done(done) => self.on_done(done, now),
            Event::Judged { step, attempt, counts } => self.on_judged(step, attempt, counts, now),
            Event::Lost { group } => self.on_lost(group, now),
            Event::Commands(commands) => self.on_commands(commands, now),
            Event::Terminate => self.on_terminate(now),
            Event::Tick => self.on_tick(now),
        }
        std::mem::take(&mut self.deeds)
    }

    fn current(&self) -> Option<Id> {
        self.cursor.current(&self.tree)
    }

    /// The current node, when it is a step.
    fn current_step(&self) -> Option<(Id, &Instruction)> {
        let id = self.current()?;
        Some((id, self.tree.step(id)?))
    }

    fn section(&self) -> Option<Section> {
        self.current().map(|id| self.tree.node(id).section)
    }

    fn knowledge(&self, own: Option<(Id, StepState)>) -> Knowledge<'_> {
        Knowledge {
            tree: &self.tree,
            runs: &self.runs,
            failed: self.cursor.has_failed(),
            cancelled: self.clock.is_terminated(),
            timed_out: self.clock.is_timed_out(),
            own,
        }
    }

    fn on_ready(&mut self, group: u16, at: Timestamp) {
        let Some(slot @ None) = self.containers.get_mut(usize::from(group)).map(|it| &mut it.ready) else { return };
        *slot = Some(at);
        let waiting = self.current_step().filter(|(_, step)| step.group == group).map(|(id, _)| id);
        if let (Some(id), Stage::Running { .. }) = (waiting, &self.stage) {
            self.note_start(id, at);
        }
    }

    fn on_done(&mut self, done: Box<Done>, now: Now) {
        let Stage::Running { attempt, stop } = self.stage else { return };
        let Some((id, step)) = self.current_step() else { return };
        if done.step != step.index || done.attempt != attempt {
            return;
        }
        if done.ending == Ending::Stopped && stop.is_none() {
            // The step container was told to end before we were: the pod is being deleted.
            self.clock.infer_termination(now);
            self.cursor.cut();
        }
        let run = &mut self.runs[id.position()];
        let first = run.attempts == 1;
        run.exit_code = done.exit_code;
        run.not_started = done.ending == Ending::NotStarted;
        run.out_of_memory = done.out_of_memory;
        run.started_at = Some(if first { done.started_at } else { run.started_at.unwrap_or(done.started_at) });
        run.finished_at = Some(done.finished_at);
        run.outputs.clone_from(&done.outputs);
        let stop = stop.map(|(why, _)| why);
        if done.files.is_empty() {
            self.judge_attempt(id, done, stop, now);
        } else {
            self.stage = Stage::Judging { done: done.clone(), stop };
            self.deeds.push(Deed::Judge { done });
        }
    }

    fn on_judged(&mut self, step: u16, attempt: u32, counts: Option<Counts>, now: Now) {
        let Stage::Judging { done, stop } = &self.stage else { return };
        if done.step != step || done.attempt != attempt {
            return;
        }
        let (done, stop) = (done.clone(), *stop);
        let id = self.tree.of_step(step);
        self.runs[id.position()].counts = counts;
        self.judge_attempt(id, done, stop, now);
    }

    fn on_lost(&mut self, group: u16, now: Now) {
        if let Some(container) = self.containers.get_mut(usize::from(group)) {
            container.lost = true;
        }
        let ours = self.current_step().filter(|(_, step)| step.group == group).map(|(id, _)| id);
        if let (Some(id), Stage::Running { .. }) = (ours, &self.stage) {
            self.give_up(id, "its container ended without a result (out of memory?)", now);
            self.advance(now);
        }
    }

    fn on_commands(&mut self, commands: Commands, now: Now) {
        self.holds.obey(commands);
        let Some(id) = self.current() else { return };
        if matches!(self.stage, Stage::Held { .. }) && !self.is_held(id) {
            self.resume(id, now);
            let then = self.launch(id, now);
            self.follow(then, now);
        }
    }

    fn on_terminate(&mut self, now: Now) {
        self.clock.terminate(now);
        if let Stage::Running { stop: Some((_, give_up_at)), .. } = &mut self.stage {
            *give_up_at = (*give_up_at).min(now.since + STOP_PATIENCE_TERMINATING);
        }
        match (self.section(), self.current(), &self.stage) {
            (Some(Section::After), Some(id), Stage::Held { .. }) => {
                self.end_hold(now);
                let then = self.launch(id, now);
                self.follow(then, now);
            }
            (Some(Section::After), ..) => self.on_tick(now),
            _ => self.interrupt(Stop::Cancelled, now),
        }
    }

    fn on_tick(&mut self, now: Now) {
        let Some(id) = self.current() else { return };
        match &self.stage {
            Stage::Idle | Stage::Judging { .. } | Stage::Over => {}
            Stage::Running { stop: Some((_, give_up_at)), .. } => {
                if now.since >= *give_up_at {
                    self.give_up(id, "its container did not answer when it was told to stop", now);
                    self.advance(now);
                }
            }
            Stage::Held { .. } => {
                if self.holds.limit().is_some_and(|limit| now.since >= limit) {
                    self.hold_was_too_long(id, now);
                }
            }
            _ if self.clock.is_over(self.section(), now) => {
                if self.section() != Some(Section::After) {
                    self.clock.time_out();
                }
                self.interrupt(Stop::Deadline, now);
            }
            _ if self.cursor.expire(now.since) => self.interrupt(Stop::BlockTimeout, now),
            Stage::Delaying { until } if now.since >= *until => {
                let then = self.pass_gate(id, None, now);
                self.follow(then, now);
            }
            Stage::BackingOff { until, last } if now.since >= *until => {
                let last = last.clone();
                let then = self.pass_gate(id, Some(last), now);
                self.follow(then, now);
            }
            Stage::Delaying { .. } | Stage::BackingOff { .. } | Stage::Running { .. } => {}
        }
    }

    /// A line about a node, in the place of its newest attempt.
    fn say(&mut self, id: Id, at: Timestamp, text: String) {
        let step = self.tree.node(id).step;
        let step = if usize::from(step) < self.tree.steps().len() { step } else { 0 };
        let attempts = self.runs.get(self.tree.of_step(step).position()).map_or(0, |run| run.attempts);
        let attempt = attempts.max(1);
        self.deeds.push(Deed::Say { step, attempt, at, text });
    }
}

#[cfg(test)]
mod tests;
