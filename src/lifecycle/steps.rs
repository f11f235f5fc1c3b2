//! The steps as the status lists them: a tree, written in order, blocks before
//! what they hold.

use assay_api::{StepState, StepStatus, Verdict};
use assay_protocol::{BlockProgress, Progress, StepProgress};
use jiff::Timestamp;

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
        Some(run) => tree(run),
        None => sealed(observed),
    };
    if let Some(verdict) = decision.verdict {
        steps.iter_mut().for_each(|step| settle(step, verdict));
    }
    steps
}

/// Steps in order, each block right before its first step.
fn tree(run: &Progress) -> Vec<StepStatus> {
    let depths = depths(&run.blocks);
    let inside = |parent: Option<u16>| parent.map_or(0, |at| depths.get(usize::from(at)).map_or(0, |depth| depth + 1));
    let mut blocks = run.blocks.iter().zip(&depths).peekable();
    let mut all = Vec::new();
    for (index, step) in run.steps.iter().enumerate() {
        while let Some((block, depth)) = blocks.next_if(|(block, _)| usize::from(block.first) <= index) {
            all.push(block_told(block, *depth));
        }
        if all.len() >= STEPS {
            break;
        }
        all.push(told(step, inside(step.block)));
    }
    all.truncate(STEPS);
    all
}

/// How deep each block lies. A block stands after the one that holds it; what
/// a runner says otherwise is not believed.
fn depths(blocks: &[BlockProgress]) -> Vec<i32> {
    let mut depths: Vec<i32> = Vec::with_capacity(blocks.len());
    for block in blocks {
        let parent = block.parent.and_then(|at| depths.get(usize::from(at)));
        depths.push(parent.map_or(0, |depth| depth + 1));
    }
    depths
}

fn told(step: &StepProgress, depth: i32) -> StepStatus {
    StepStatus {
        id: step.id.clone(),
        name: step.name.clone(),
        depth,
        state: step.state,
        attempts: i32::try_from(step.attempts).unwrap_or(i32::MAX),
        exit_code: step.exit_code,
        duration: lasted(step.started_at, step.finished_at),
        message: shortened(step.message.as_deref()),
    }
}

fn block_told(block: &BlockProgress, depth: i32) -> StepStatus {
    StepStatus {
        id: block.id.clone(),
        name: block.name.clone(),
        depth,
        state: block.state,
        attempts: i32::try_from(block.attempts).unwrap_or(i32::MAX),
        exit_code: None,
        duration: lasted(block.started_at, block.finished_at),
        message: shortened(block.message.as_deref()),
    }
}

fn lasted(started_at: Option<Timestamp>, finished_at: Option<Timestamp>) -> Option<String> {
    started_at.zip(finished_at).map(|(start, end)| text(between(start, end)))
}

fn shortened(message: Option<&str>) -> Option<String> {
    message.map(|message| cut(message, MESSAGE_BYTES).to_owned())
}

/// What was known of the steps, set right by the letters of the seal. They
/// speak of steps, and not of the blocks that hold them.
fn sealed(observed: &Observed) -> Vec<StepStatus> {
    let mut steps = observed.previous.steps.clone();
    let Some(seal) = observed.seal() else { return steps };
    let mut letters = seal.steps.chars();
    for at in 0..steps.len() {
        if !is_block(&steps, at)
            && let Some(state) = letters.next().and_then(state)
        {
            steps[at].state = state;
        }
    }
    // From the innermost block outwards.
    for at in (0..steps.len()).rev().filter(|at| is_block(&observed.previous.steps, *at)) {
        if !steps[at].state.is_final() {
            steps[at].state = of_children(&steps, at);
        }
    }
    steps
}

fn is_block(steps: &[StepStatus], at: usize) -> bool {
    steps.get(at + 1).is_some_and(|next| next.depth > steps[at].depth)
}

/// The gravest state among what a block holds.
fn of_children(steps: &[StepStatus], at: usize) -> StepState {
    use StepState::{Cancelled, Errored, Failed, Passed, Skipped, TimedOut};
    let depth = steps[at].depth;
    let inner: Vec<_> = steps[at + 1..].iter().take_while(|step| step.depth > depth).map(|step| step.state).collect();
    let gravest =
        [Errored, Failed, TimedOut, Cancelled, Passed, Skipped].into_iter().find(|state| inner.contains(state));
    gravest.unwrap_or(steps[at].state)
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
        (StepState::Waiting | StepState::Paused, Verdict::Cancelled) => (StepState::Cancelled, Some("not run")),
        (StepState::Waiting | StepState::Paused, _) => (StepState::Skipped, Some("not run")),
        _ => return,
    };
    step.state = state;
    if step.message.is_none() {
        step.message = message.map(str::to_owned);
    }
}
