//! The steps as the status lists them.

use assay_api::{StepState, StepStatus, Verdict};
use assay_protocol::StepProgress;

use crate::conditions::cut;
use crate::decision::Decision;
use crate::observed::Observed;
use crate::time::{between, text};

const STEPS: usize = 50;
const MESSAGE_BYTES: usize = 512;

/// The steps after a decision. Once the verdict is final no step is left in
/// the middle of something.
pub(crate) fn fold(observed: &Observed, decision: &Decision) -> Vec<StepStatus> {
    let mut steps = match &observed.run {
        Some(run) => run.steps.iter().take(STEPS).map(told).collect(),
        None => sealed(observed),
    };
    if let Some(verdict) = decision.verdict {
        steps.iter_mut().for_each(|step| settle(step, verdict));
    }
    steps
}

fn told(step: &StepProgress) -> StepStatus {
    let lasted = step.started_at.zip(step.finished_at).map(|(start, end)| text(between(start, end)));
    StepStatus {
        depth: 0,
        id: step.id.clone(),
        name: step.name.clone(),
        state: step.state,
        attempts: i32::try_from(step.attempts).unwrap_or(i32::MAX),
        exit_code: step.exit_code,
        duration: lasted,
        message: step.message.as_deref().map(|message| cut(message, MESSAGE_BYTES).to_owned()),
    }
}

/// What was known of the steps, set right by the letters of the seal.
fn sealed(observed: &Observed) -> Vec<StepStatus> {
    let mut steps = observed.previous.steps.clone();
    if let Some(seal) = observed.seal() {
        for (step, letter) in steps.iter_mut().zip(seal.steps.chars()) {
            step.state = state(letter).unwrap_or(step.state);
        }
    }
    steps
}

fn state(letter: char) -> Option<StepState> {
    use StepState::{Cancelled, Errored, Failed, Passed, Skipped, TimedOut, Waiting};
    let all = [Passed, Failed, Errored, TimedOut, Cancelled, Skipped, Waiting];
    all.into_iter().find(|state| state.as_str().starts_with(letter))
}

/// A step in the middle of something, when the execution is over.
fn settle(step: &mut StepStatus, verdict: Verdict) {
    let (state, message) = match (step.state, verdict) {
        (StepState::Running, Verdict::Cancelled) => (StepState::Cancelled, None),
        (StepState::Running, _) => (StepState::Errored, Some("the execution ended before the step did")),
        (StepState::Waiting, Verdict::Cancelled) => (StepState::Cancelled, Some("not run")),
        (StepState::Waiting, _) => (StepState::Skipped, Some("not run")),
        _ => return,
    };
    step.state = state;
    if step.message.is_none() {
        step.message = message.map(str::to_owned);
    }
}
