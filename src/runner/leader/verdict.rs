//! The verdict over a whole run, from what became of its steps.

use assay_api::{Reason, StepState, Verdict};
use assay_protocol::{Instruction, Section};
use assay_report::Counts;

use super::runs::{Run, failed_tests, plural};

/// What a run says, why, and in one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    pub(super) reason: Reason,
    pub(super) message: String,
}

/// Judges a run; the first rule that applies counts.
pub(super) fn conclude(steps: &[Instruction], runs: &[Run], cancelled: bool, timed_out: bool) -> Judgement {
    let record = Record { steps, runs };
    let judgement = |verdict, reason, message| Judgement { verdict, reason, message };
    if cancelled {
        return judgement(Verdict::Cancelled, Reason::Cancelled, record.cancelled());
    }
    if timed_out {
        return judgement(Verdict::Errored, Reason::ExecutionTimedOut, record.out_of_time());
    }
    for rule in RULES {
        let hits = record.counting(rule.section, rule.state);
        if let Some((step, run)) = hits.first() {
            let missing = rule.reason == Reason::StepErrored && run.not_started;
            let reason = if missing { Reason::CommandNotFound } else { rule.reason };
            return judgement(rule.verdict, reason, sentence(step, run, hits.len() - 1));
        }
    }
    record.good()
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

struct Record<'a> {
    steps: &'a [Instruction],
    runs: &'a [Run],
}

impl<'a> Record<'a> {
    fn all(&self) -> impl Iterator<Item = (&'a Instruction, &'a Run)> {
        self.steps.iter().zip(self.runs)
    }

    /// Steps that count, of a section and in a state.
    fn counting(&self, section: Section, state: Option<StepState>) -> Vec<(&'a Instruction, &'a Run)> {
        let counts = |(step, run): &(&Instruction, &Run)| {
            step.section == section && !step.optional && state.map_or(run.state.is_bad(), |state| run.state == state)
        };
        self.all().filter(counts).collect()
    }

    fn cancelled(&self) -> String {
        match self.all().find(|(_, run)| run.state == StepState::Cancelled) {
            Some((step, _)) => format!("cancelled while step \"{}\" ran", step.name),
            None => "cancelled".to_owned(),
        }
    }

    fn out_of_time(&self) -> String {
        match self.all().find(|(_, run)| run.state == StepState::Cancelled) {
            Some((step, _)) => format!("the execution's deadline passed while step \"{}\" ran", step.name),
            None => "the execution's deadline passed".to_owned(),
        }
    }

    fn good(&self) -> Judgement {
        let in_steps = || self.all().filter(|(step, _)| step.section == Section::Steps);
        let has_steps = in_steps().next().is_some();
        let ran = |run: &Run| run.state != StepState::Skipped;
        let anything = if has_steps { in_steps().any(|(_, run)| ran(run)) } else { self.runs.iter().any(ran) };
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
        let retried = self.all().find(|(_, run)| run.state == StepState::Passed && run.attempts > 1);
        if let Some((step, run)) = retried {
            return Some(format!("step \"{}\" passed at attempt {}", step.name, run.attempts));
        }
        let flaky = |(_, run): &(&Instruction, &Run)| run.counts.is_some_and(|counts| counts.flaky > 0);
        let (step, run) = self.all().find(flaky)?;
        let counts = run.counts.unwrap_or_default();
        let tests = plural(counts.tests, "test");
        Some(format!(
            "{} of {} {tests} passed only after a retry in step \"{}\"",
            counts.flaky, counts.tests, step.name
        ))
    }

    fn success(&self) -> String {
        let passed = self.runs.iter().filter(|run| run.state == StepState::Passed).count();
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

fn sentence(step: &Instruction, run: &Run, more: usize) -> String {
    let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
    let tests = run.counts.as_ref().filter(|counts| run.state == StepState::Failed && !counts.ran_clean());
    if let Some(counts) = tests {
        return format!("{} in step \"{}\"{more}", failed_tests(counts), step.name);
    }
    let what = if run.state == StepState::TimedOut { "timed out" } else { run.state.as_str() };
    let why = run.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    format!("step \"{}\" {what}{why}{more}", step.name)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
