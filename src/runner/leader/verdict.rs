//! The verdict over a whole run, from what became of its steps and blocks.

use assay_api::{Reason, StepState, Verdict};
use assay_protocol::Section;
use assay_report::Counts;

use super::narrate::{title, words};
use super::runs::{Run, failed_tests, plural};
use super::tree::{Id, Kind, Node, Tree};

/// What a run says, why, and in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// A run that is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) tree: &'a Tree,
    /// By node.
    pub(super) runs: &'a [Run],
    pub(super) cancelled: bool,
    pub(super) timed_out: bool,
    /// The node that nobody resumed in time.
    pub(super) held: Option<Id>,
}

struct Rule {
    section: Section,
    state: Option<StepState>,
    verdict: Verdict,
    reason: Reason,
}

/// In order of weight. No `state`: any bad one.
const RULES: [Rule; 6] = [
    Rule {
        section: Section::Steps,
        state: Some(StepState::Errored),
        verdict: Verdict::Errored,
        reason: Reason::StepErrored,
    },
    Rule { section: Section::Setup, state: None, verdict: Verdict::Errored, reason: Reason::SetupFailed },
    Rule {
        section: Section::Steps,
        state: Some(StepState::Failed),
        verdict: Verdict::Failed,
        reason: Reason::TestsFailed,
    },
    Rule {
        section: Section::Steps,
        state: Some(StepState::TimedOut),
        verdict: Verdict::Failed,
        reason: Reason::StepTimedOut,
    },
    // A step that was stopped although nobody cancelled cannot be judged.
    Rule { section: Section::Steps, state: None, verdict: Verdict::Errored, reason: Reason::StepErrored },
    Rule { section: Section::After, state: None, verdict: Verdict::Errored, reason: Reason::AfterFailed },
];

impl Record<'_> {
    /// Judges the run; the first rule that applies counts.
    pub(super) fn conclude(&self) -> Judgement {
        let judgement = |verdict, reason, message| Judgement { verdict, reason, message };
        if self.cancelled {
            return judgement(Verdict::Cancelled, Reason::Cancelled, self.cut_off("cancelled"));
        }
        if self.timed_out {
            let message = self.cut_off("the execution's deadline passed");
            return judgement(Verdict::Errored, Reason::ExecutionTimedOut, message);
        }
        if let Some(held) = self.held {
            return judgement(Verdict::Errored, Reason::PauseTimedOut, self.sentence(held, 0));
        }
        for rule in &RULES {
            let hits = self.counting(rule);
            if let Some(first) = hits.first() {
                let culprit = self.culprit(*first);
                let all: usize = hits.iter().map(|id| self.count_bad(*id)).sum();
                let message = self.sentence(culprit, all.saturating_sub(1));
                return judgement(rule.verdict, self.reason(rule, culprit), message);
            }
        }
        self.good()
    }

    fn node(&self, id: Id) -> &Node {
        self.tree.node(id)
    }

    fn run(&self, id: Id) -> &Run {
        &self.runs[id.position()]
    }

    /// Nodes of the outermost list that count, of the rule's section and in its state.
    fn counting(&self, rule: &Rule) -> Vec<Id> {
        let hit = |id: &Id| {
            let (node, state) = (self.node(*id), self.run(*id).state);
            let bad = rule.state.map_or(state.is_bad(), |wanted| state == wanted);
            node.section == rule.section && !node.optional && bad
        };
        self.tree.children(None).iter().copied().filter(hit).collect()
    }

    /// The node in the depth that a state comes from.
    fn culprit(&self, id: Id) -> Id {
        std::iter::successors(Some(id), |id| self.run(*id).blames).last().unwrap_or(id)
    }

    /// How many nodes in the depth are as bad as this one is.
    fn count_bad(&self, id: Id) -> usize {
        let run = self.run(id);
        if run.blames.is_none() {
            return 1;
        }
        let children = self.node(id).children.iter();
        let bad = children.filter(|child| !self.node(**child).optional && self.run(**child).state == run.state);
        bad.map(|child| self.count_bad(*child)).sum()
    }

    fn reason(&self, rule: &Rule, culprit: Id) -> Reason {
        let fetches = self.tree.step(culprit).is_some_and(|step| step.fetches);
        match rule.reason {
            Reason::StepErrored | Reason::SetupFailed if self.ran_out_of_memory(culprit) => Reason::OutOfMemory,
            Reason::StepErrored | Reason::SetupFailed if fetches => Reason::ContentFailed,
            Reason::StepErrored if self.run(culprit).not_started => Reason::CommandNotFound,
            reason => reason,
        }
    }

    fn ran_out_of_memory(&self, id: Id) -> bool {
        let run = self.run(id);
        run.out_of_memory && run.state == StepState::Errored
    }

    /// What happened, and to which step.
    fn cut_off(&self, what: &str) -> String {
        let cancelled = |id: &Id| self.run(*id).state == StepState::Cancelled;
        match self.all_steps().find(cancelled) {
            Some(id) => {
                let did = if self.run(id).tries() > 0 { "ran" } else { "waited" };
                format!("{what} while {} {did}", title(self.node(id)))
            }
            None => what.to_owned(),
        }
    }

    fn sentence(&self, id: Id, more: usize) -> String {
        let (node, run) = (self.node(id), self.run(id));
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let tests = run.counts.as_ref().filter(|counts| run.state == StepState::Failed && !counts.ran_clean());
        if let Some(counts) = tests {
            return format!("{} in {}{more}", failed_tests(counts), title(node));
        }
        let why = run.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
        format!("{} {}{why}{more}", title(node), words(run.state))
    }

    fn good(&self) -> Judgement {
        let in_steps = || self.all_steps().filter(|id| self.node(*id).section == Section::Steps);
        let has_steps = in_steps().next().is_some();
        let ran = |id: Id| self.run(id).state != StepState::Skipped;
        let anything = if has_steps { in_steps().any(ran) } else { self.all_steps().any(ran) };
        if !anything {
            let message = "every step was skipped".to_owned();
            return Judgement { verdict: Verdict::Skipped, reason: Reason::Skipped, message };
        }
        if let Some(message) = self.flakiness() {
            return Judgement { verdict: Verdict::Flaky, reason: Reason::PassedAfterRetry, message };
        }
        Judgement { verdict: Verdict::Passed, reason: Reason::Passed, message: self.success() }
    }

    fn flakiness(&self) -> Option<String> {
        let mut visible = Vec::new();
        self.collect_visible(None, &mut visible);
        let retried = visible.iter().find(|id| self.run(**id).stumbled && self.run(**id).state == StepState::Passed);
        if let Some(id) = retried {
            return Some(format!("{} passed at attempt {}", title(self.node(*id)), self.run(*id).tries()));
        }
        let flaky = |id: &&Id| self.run(**id).counts.is_some_and(|counts| counts.flaky > 0);
        let id = visible.iter().find(flaky)?;
        let counts = self.run(*id).counts.unwrap_or_default();
        let tests = plural(counts.tests, "test");
        let title = title(self.node(*id));
        Some(format!("{} of {} {tests} passed only after a retry in {title}", counts.flaky, counts.tests))
    }

    /// Nodes whose attempts say something of the revision: not what is optional, what a negative
    /// block expects to fail, or the weather between the pod and a repository.
    fn collect_visible(&self, block: Option<Id>, visible: &mut Vec<Id>) {
        for id in self.tree.children(block) {
            let fetches = self.tree.step(*id).is_some_and(|step| step.fetches);
            let node = self.node(*id);
            if node.optional || fetches {
                continue;
            }
            visible.push(*id);
            if node.kind == Kind::Block && !node.negative {
                self.collect_visible(Some(*id), visible);
            }
        }
    }

    fn all_steps(&self) -> impl Iterator<Item = Id> {
        self.tree.steps().iter().map(|step| self.tree.of_step(step.index))
    }

    fn success(&self) -> String {
        let passed = self.all_steps().filter(|id| self.run(*id).state == StepState::Passed).count();
        let passed = u32::try_from(passed).unwrap_or(u32::MAX);
        let mut counts = Counts::default();
        self.runs.iter().filter_map(|run| run.counts.as_ref()).for_each(|more| counts.add(more));
        let steps = format!("{passed} {}", plural(passed, "step"));
        if counts.tests == 0 {
            return format!("{steps} passed");
        }
        let skipped = if counts.skipped > 0 { format!(", {} skipped", counts.skipped) } else { String::new() };
        format!("{} {} passed{skipped} in {steps}", counts.passed, plural(counts.passed, "test"))
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
