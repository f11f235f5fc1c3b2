//! Nodes whose turn it is: passed over, delayed, held, started.

use assay_api::StepState;
use assay_protocol::{Condition, Section};
use jiff::Timestamp;

use super::{Machine, Stage, Then};
use crate::leader::conditions;
use crate::leader::facts::{Deed, Now};
use crate::leader::narrate;
use crate::leader::runs::Outcome;
use crate::leader::tree::{Id, Kind};

/// What is to happen with a node whose turn it is.
enum Entry {
    Open,
    Skip(String),
    Broken(String),
}

impl Machine {
    /// Goes on until there is something to wait for.
    pub(super) fn advance(&mut self, now: Now) {
        self.stage = Stage::Idle;
        let mut then = Then::GoOn;
        while then == Then::GoOn {
            then = match self.current() {
                Some(id) => {
                    self.look_at_the_time(now);
                    self.enter(id, now)
                }
                None => self.leave(now),
            };
        }
    }

    pub(super) fn follow(&mut self, then: Then, now: Now) {
        if then == Then::GoOn {
            self.advance(now);
        }
    }

    /// Notes which deadlines have passed although nothing runs that could be stopped.
    fn look_at_the_time(&mut self, now: Now) {
        while self.cursor.expire(now.since) {}
        if self.section() != Some(Section::After) && self.clock.is_over(self.section(), now) {
            self.clock.time_out();
            self.cursor.cut();
        }
    }

    /// It is a node's turn.
    fn enter(&mut self, id: Id, now: Now) -> Then {
        match self.entry(id, now) {
            Entry::Skip(why) => {
                self.skip(id, &why, now);
                Then::GoOn
            }
            Entry::Broken(message) => {
                self.never_begins(id, Outcome::lasting(StepState::Errored, message), now);
                Then::GoOn
            }
            Entry::Open => {
                self.clock.begin(now);
                let node = self.tree.node(id);
                if node.delay.is_zero() {
                    return self.pass_gate(id, None, now);
                }
                let until = now.since.saturating_add(node.delay);
                let text = narrate::delayed(node);
                self.say(id, now.wall, text);
                self.stage = Stage::Delaying { until };
                Then::Wait
            }
        }
    }

    fn entry(&self, id: Id, now: Now) -> Entry {
        if let Some(why) = self.why_no_more(id, now) {
            return Entry::Skip(why);
        }
        let failed = self.cursor.has_failed();
        let unless = |holds: bool, why: &str| if holds { Entry::Open } else { Entry::Skip(why.to_owned()) };
        match &self.tree.node(id).condition {
            Condition::Always => Entry::Open,
            Condition::Never => unless(false, "its condition does not hold"),
            Condition::Passed => unless(!failed, "an earlier step did not pass"),
            Condition::Failed => unless(failed, "no earlier step failed"),
            Condition::When(expression) => match conditions::holds(expression, &self.knowledge(None)) {
                Ok(holds) => unless(holds, "its condition does not hold"),
                Err(why) => Entry::Broken(format!("its condition cannot be evaluated: {why}")),
            },
        }
    }

    /// Why nothing new begins here.
    fn why_no_more(&self, id: Id, now: Now) -> Option<String> {
        let section = self.tree.node(id).section;
        if let Some(block) = self.cursor.expired() {
            return Some(format!("the timeout of block \"{}\" had passed", self.tree.node(block).path));
        }
        if section == Section::After {
            let over = self.clock.is_over(Some(section), now);
            return over.then(|| "no time was left for it".to_owned());
        }
        if self.clock.is_terminated() {
            return Some("the execution was cancelled".to_owned());
        }
        if self.clock.is_timed_out() {
            return Some("the execution's deadline had passed".to_owned());
        }
        let held = self.holds.exceeded()?;
        Some(format!("the pause before \"{}\" lasted too long", self.tree.node(held).path))
    }

    pub(super) fn skip(&mut self, id: Id, why: &str, now: Now) {
        let node = self.tree.node(id);
        let text = narrate::skipped(node, why);
        let inside = format!("its block \"{}\" was skipped", node.path);
        self.say(id, now.wall, text);
        for below in self.tree.below(id) {
            let run = &mut self.runs[below.position()];
            run.state = StepState::Skipped;
            run.message = Some(inside.clone());
        }
        let run = &mut self.runs[id.position()];
        run.state = StepState::Skipped;
        run.message = Some(why.to_owned());
        self.pass(id, StepState::Skipped, false);
    }

    /// Begins an attempt, unless somebody holds it.
    pub(super) fn pass_gate(&mut self, id: Id, last: Option<Outcome>, now: Now) -> Then {
        if !self.is_held(id) {
            return self.launch(id, now);
        }
        self.holds.begin(id, now);
        let text = narrate::held(self.tree.node(id), self.holds.why(), self.holds.longest());
        self.say(id, now.wall, text);
        let run = &mut self.runs[id.position()];
        run.state = StepState::Paused;
        run.message = Some(self.holds.why().to_owned());
        self.stage = Stage::Held { last };
        Then::Wait
    }

    pub(super) fn is_held(&self, id: Id) -> bool {
        // When the run is to end, steps that clean up wait for nobody.
        let ending = self.clock.is_terminated() || self.clock.is_timed_out() || self.holds.exceeded().is_some();
        !ending && !self.is_given(id) && self.holds.holds(self.tree.node(id))
    }

    /// Its first attempt was begun without being told.
    fn is_given(&self, id: Id) -> bool {
        let first = self.tree.step(id).is_some_and(|step| self.at_once == Some(step.index));
        first && self.run(id).attempts == 0
    }

    pub(super) fn launch(&mut self, id: Id, now: Now) -> Then {
        if self.run(id).tries() > 0 {
            self.forget(id);
        }
        match self.tree.node(id).kind {
            Kind::Block => {
                self.open(id, now);
                Then::GoOn
            }
            Kind::Step { group } => self.start(id, group, now),
        }
    }

    /// Another attempt begins: what the last one left no longer counts.
    fn forget(&mut self, id: Id) {
        let below = self.tree.below(id);
        for node in &below {
            self.runs[node.position()].start_over();
        }
        for node in below.into_iter().chain([id]) {
            if let Some(step) = self.tree.step(node) {
                self.kept.remove(&step.index);
                self.deeds.push(Deed::Forget { step: step.index });
            }
        }
    }

    fn open(&mut self, id: Id, now: Now) {
        let node = self.tree.node(id);
        let deadline = node.timeout.and_then(|timeout| now.since.checked_add(timeout));
        self.cursor.open(id, deadline);
        self.runs[id.position()].begin_attempt();
        self.note_start(id, now.wall);
    }

    fn start(&mut self, id: Id, group: u16, now: Now) -> Then {
        let container = self.containers.get(usize::from(group)).copied().unwrap_or_default();
        let step = self.tree.node(id).step;
        let given = self.is_given(id);
        let run = &mut self.runs[id.position()];
        run.begin_attempt();
        let attempt = run.attempts;
        if container.lost {
            self.give_up(id, "its container has ended", now);
            return Then::GoOn;
        }
        if !given {
            self.deeds.push(Deed::Go { group, step, attempt });
        }
        if let Some(ready) = container.ready {
            self.note_start(id, if given { ready } else { now.wall });
        }
        self.stage = Stage::Running { attempt, stop: None };
        Then::Wait
    }

    /// It runs, as far as anybody can know.
    pub(super) fn note_start(&mut self, id: Id, at: Timestamp) {
        let run = &mut self.runs[id.position()];
        run.state = StepState::Running;
        run.started_at.get_or_insert(at);
        let text = narrate::started(self.tree.node(id), self.tree.step(id), self.run(id));
        self.say(id, at, text);
    }
}
