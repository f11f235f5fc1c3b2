//! Attempts that have ended: tried again or concluded, and what is ended early.

use assay_api::StepState;
use assay_protocol::Section;
use assay_protocol::control::{Done, Stop};

use super::{Machine, STOP_PATIENCE, STOP_PATIENCE_TERMINATING, Stage, Then};
use crate::leader::blocks::judge_block;
use crate::leader::conditions;
use crate::leader::facts::{Deed, Now};
use crate::leader::narrate;
use crate::leader::runs::{Outcome, back_off, judge};
use crate::leader::tree::Id;

impl Machine {
    /// The attempt of a step has ended, and its reports are read.
    pub(super) fn judge_attempt(&mut self, id: Id, done: Box<Done>, stop: Option<Stop>, now: Now) {
        let Some(step) = self.tree.step(id) else { return };
        let mut outcome = judge(step, &done, self.run(id).counts.as_ref());
        if outcome.state == StepState::Cancelled {
            let why = stop.unwrap_or(Stop::Cancelled);
            let state = if why == Stop::BlockTimeout { StepState::TimedOut } else { StepState::Cancelled };
            outcome = Outcome::lasting(state, narrate::stopped(why));
        }
        if !done.files.is_empty() || !done.notes.is_empty() {
            self.kept.insert(done.step, done);
        }
        let then = self.end_attempt(id, outcome, now);
        self.follow(then, now);
    }

    /// The innermost list is at its end.
    pub(super) fn leave(&mut self, now: Now) -> Then {
        let Some(frame) = self.cursor.close() else { return Then::Wait };
        let Some(block) = frame.block else {
            self.stage = Stage::Over;
            self.deeds.push(Deed::Finished);
            return Then::Wait;
        };
        self.runs[block.position()].finished_at = Some(now.wall);
        let mut outcome = judge_block(self.tree.node(block), &frame);
        if let Some(child) = outcome.blames {
            outcome.message = Some(self.describe(child));
        }
        self.end_attempt(block, outcome, now)
    }

    /// What a child came to, as the reason of its block.
    fn describe(&self, child: Id) -> String {
        let run = self.run(child);
        if let (Some(_), Some(message)) = (run.blames, &run.message) {
            // A block has already named the step in its depth.
            return message.clone();
        }
        let why = run.message.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{} {}{why}", narrate::title(self.tree.node(child)), narrate::words(run.state))
    }

    /// Another attempt, or the final state.
    fn end_attempt(&mut self, id: Id, outcome: Outcome, now: Now) -> Then {
        match self.wants_another(id, &outcome, now) {
            Ok(true) => self.try_again(id, outcome, now),
            Ok(false) => {
                self.conclude(id, outcome, now);
                Then::GoOn
            }
            Err(why) => {
                let message = format!("its `until` cannot be evaluated: {why}");
                self.conclude(id, Outcome::lasting(StepState::Errored, message), now);
                Then::GoOn
            }
        }
    }

    fn wants_another(&self, id: Id, outcome: &Outcome, now: Now) -> Result<bool, String> {
        let retry = &self.tree.node(id).retry;
        if self.run(id).tries() >= retry.attempts || !outcome.worth_retrying || !self.has_time(now) {
            return Ok(false);
        }
        match &retry.until {
            None => Ok(outcome.state.is_bad()),
            Some(until) => Ok(!conditions::holds(until, &self.knowledge(Some((id, outcome.state))))?),
        }
    }

    fn has_time(&self, now: Now) -> bool {
        let section = self.section();
        let ending = self.clock.is_terminated() || self.clock.is_timed_out() || self.holds.exceeded().is_some();
        let open = section == Some(Section::After) || !ending;
        open && self.cursor.expired().is_none() && !self.clock.is_over(section, now)
    }

    fn try_again(&mut self, id: Id, outcome: Outcome, now: Now) -> Then {
        let run = &mut self.runs[id.position()];
        run.stumbled |= outcome.state.is_bad();
        let tries = run.tries();
        let node = self.tree.node(id);
        let delay = back_off(&node.retry, tries);
        let text = narrate::retrying(node, &outcome, tries + 1, delay);
        self.say(id, now.wall, text);
        if delay.is_zero() {
            return self.pass_gate(id, Some(outcome), now);
        }
        self.stage = Stage::BackingOff { until: now.since.saturating_add(delay), last: outcome };
        Then::Wait
    }

    pub(super) fn conclude(&mut self, id: Id, outcome: Outcome, now: Now) {
        let run = &mut self.runs[id.position()];
        run.state = outcome.state;
        run.message = outcome.message;
        run.blames = outcome.blames;
        self.keep_files(id);
        let text = narrate::ended(self.tree.node(id), self.run(id));
        self.say(id, now.wall, text);
        self.pass(id, outcome.state, !outcome.worth_retrying);
    }

    /// Files of last attempts are kept once it is certain that there is no later attempt.
    fn keep_files(&mut self, id: Id) {
        if self.tree.around(id).any(|block| self.tree.node(block).retry.attempts > 1) {
            return;
        }
        for node in self.tree.below(id).into_iter().chain([id]) {
            let done = self.tree.step(node).and_then(|step| self.kept.remove(&step.index));
            self.deeds.extend(done.map(|done| Deed::Keep { done }));
        }
    }

    /// The current node is settled; the next one's turn comes.
    pub(super) fn pass(&mut self, id: Id, state: StepState, hopeless: bool) {
        self.cursor.pass(id, self.tree.node(id), state, hopeless);
        self.stage = Stage::Idle;
    }

    pub(super) fn give_up(&mut self, id: Id, message: &str, now: Now) {
        self.runs[id.position()].finished_at = Some(now.wall);
        self.conclude(id, Outcome::lasting(StepState::Errored, message), now);
    }

    /// Ends what runs or waits; a node that waits for its next attempt keeps its last result.
    pub(super) fn interrupt(&mut self, why: Stop, now: Now) {
        if why != Stop::BlockTimeout {
            self.cursor.cut();
        }
        let Some(id) = self.current() else { return };
        match &mut self.stage {
            Stage::Running { attempt, stop: stop @ None } => {
                let terminated = self.clock.is_terminated();
                let patience = if terminated { STOP_PATIENCE_TERMINATING } else { STOP_PATIENCE };
                *stop = Some((why, now.since + patience));
                let attempt = *attempt;
                self.stop_process(id, attempt, why, now);
            }
            Stage::BackingOff { last, .. } | Stage::Held { last: Some(last) } => {
                let last = last.clone();
                self.end_hold(now);
                self.conclude(id, last, now);
                self.advance(now);
            }
            Stage::Delaying { .. } | Stage::Held { last: None } => {
                self.end_hold(now);
                if why == Stop::BlockTimeout {
                    self.skip(id, "the timeout of its block had passed", now);
                } else {
                    self.never_begins(id, Outcome::lasting(StepState::Cancelled, narrate::stopped(why)), now);
                }
                self.advance(now);
            }
            Stage::Running { .. } | Stage::Idle | Stage::Judging { .. } | Stage::Over => {}
        }
    }

    fn stop_process(&mut self, id: Id, attempt: u32, why: Stop, now: Now) {
        let Some(step) = self.tree.step(id) else { return };
        let (group, step) = (step.group, step.index);
        self.deeds.push(Deed::Stop { group, step, attempt, why });
        if self.containers.get(usize::from(group)).is_none_or(|container| container.ready.is_none()) {
            // Should it start after all, it finds the stop-file beside the go-file.
            self.give_up(id, "its container had not started", now);
            self.advance(now);
        }
    }

    /// A node ends without an attempt, and so does all below it.
    pub(super) fn never_begins(&mut self, id: Id, outcome: Outcome, now: Now) {
        for below in self.tree.below(id) {
            self.runs[below.position()].state = StepState::Skipped;
        }
        self.conclude(id, outcome, now);
    }

    /// The pause is over, one way or another.
    pub(super) fn end_hold(&mut self, now: Now) {
        let Some(hold) = self.holds.current() else { return };
        let length = self.holds.end(now);
        self.clock.add_pause(length);
        self.cursor.shift(length);
        let run = &mut self.runs[hold.node.position()];
        run.state = StepState::Waiting;
        run.message = None;
    }

    /// Somebody ended the pause.
    pub(super) fn resume(&mut self, id: Id, now: Now) {
        let before = self.clock.paused();
        self.end_hold(now);
        let length = self.clock.paused().saturating_sub(before);
        let text = narrate::resumed(self.tree.node(id), length);
        self.say(id, now.wall, text);
    }

    /// Nobody came: nothing more is tested, and steps of `after` clean up.
    pub(super) fn hold_was_too_long(&mut self, id: Id, now: Now) {
        self.holds.exceed(id);
        self.end_hold(now);
        self.cursor.cut();
        let message = narrate::held_too_long(self.holds.longest());
        self.never_begins(id, Outcome::lasting(StepState::Errored, message), now);
        self.advance(now);
    }
}
