//! What expressions and steps may know of a run: names of conditions, and the
//! facts about steps that have ended.

use std::collections::BTreeMap;

use assay_api::StepState;
use assay_protocol::control::{Go, StepFacts};
use assay_report::Counts;

use super::runs::Run;
use super::tree::{Id, Tree};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fact {
    Nothing,
    Bool(bool),
    Number(i64),
    Text(String),
}

/// A run as it stands, for one question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knowledge<'a> {
    pub(super) tree: &'a Tree,
    pub(super) runs: &'a [Run],
    /// Something that counts has failed in the list where the question is asked.
    pub(super) failed: bool,
    pub(super) cancelled: bool,
    pub(super) timed_out: bool,
    /// The attempt that `self` is, and the state it came to.
    pub(super) own: Option<(Id, StepState)>,
}

impl Knowledge<'_> {
    /// What a name stands for; `None` when there is no such name.
    pub(super) fn look_up(&self, name: &str) -> Option<Fact> {
        let (head, rest) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
        match (head, rest) {
            ("passed", None) => Some(Fact::Bool(!self.failed)),
            ("failed", None) => Some(Fact::Bool(self.failed)),
            ("always", None) => Some(Fact::Bool(true)),
            ("never", None) => Some(Fact::Bool(false)),
            ("cancelled", None) => Some(Fact::Bool(self.cancelled)),
            ("timedOut", None) => Some(Fact::Bool(self.timed_out)),
            ("steps" | "step", Some(rest)) => {
                let (handle, key) = rest.split_once('.')?;
                self.of_step(handle, key)
            }
            ("self", Some(key)) => self.of_self(key),
            _ => None,
        }
    }

    fn of_step(&self, handle: &str, key: &str) -> Option<Fact> {
        let id = self.tree.with_handle(handle).next()?;
        let facts = self.facts(handle)?;
        match key {
            "status" => Some(text(facts.status.as_str())),
            "exitCode" => Some(facts.exit_code.map_or(Fact::Nothing, |code| Fact::Number(code.into()))),
            "attempts" => Some(Fact::Number(self.runs[id.position()].attempts.into())),
            // A step that was skipped, or ended before it wrote the file, gave nothing.
            _ => {
                let output = key.strip_prefix("outputs.")?;
                Some(facts.outputs.get(output).map_or(Fact::Nothing, |value| text(value)))
            }
        }
    }

    fn of_self(&self, key: &str) -> Option<Fact> {
        let (id, state) = self.own?;
        let run = &self.runs[id.position()];
        let count = |number: fn(&Counts) -> u32| Some(Fact::Number(number(&self.counts(id)).into()));
        match key {
            "passed" => Some(Fact::Bool(state == StepState::Passed)),
            "failed" => Some(Fact::Bool(state.is_bad())),
            "status" => Some(text(state.as_str())),
            "exitCode" => Some(run.exit_code.map_or(Fact::Nothing, |code| Fact::Number(code.into()))),
            "attempt" => Some(Fact::Number(run.tries().into())),
            "tests.total" => count(|counts| counts.tests),
            "tests.failed" => count(|counts| counts.bad()),
            _ => None,
        }
    }

    /// The tests of a step, or of all steps of a block.
    fn counts(&self, id: Id) -> Counts {
        let mut sum = Counts::default();
        for node in std::iter::once(id).chain(self.tree.below(id)) {
            if let Some(counts) = &self.runs[node.position()].counts {
                sum.add(counts);
            }
        }
        sum
    }

    /// What is known under a handle. A block and a step made for its own
    /// command may share one: the state is then the block's, the exit code the
    /// step's. What the steps of a block give to later steps, the block gives.
    fn facts(&self, handle: &str) -> Option<StepFacts> {
        let mut with_handle = self.tree.with_handle(handle).peekable();
        let first = *with_handle.peek()?;
        let mut facts = StepFacts { status: self.runs[first.position()].state, ..StepFacts::default() };
        for id in with_handle {
            facts.exit_code = facts.exit_code.or(self.runs[id.position()].exit_code);
            for node in self.tree.below(id).into_iter().chain([id]) {
                let outputs = &self.runs[node.position()].outputs;
                facts.outputs.extend(outputs.iter().map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        Some(facts)
    }

    /// What a step is told about the steps that its action names.
    pub(super) fn go(&self, needs: &[String]) -> Go {
        let known = needs.iter().filter_map(|handle| Some((handle.clone(), self.facts(handle)?)));
        Go { steps: known.collect::<BTreeMap<_, _>>() }
    }
}

fn text(value: &str) -> Fact {
    Fact::Text(value.to_owned())
}
