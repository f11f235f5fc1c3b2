//! Where the walk over the tree stands: a stack of open lists, each with what
//! its nodes came to so far.

use std::time::Duration;

use assay_api::StepState;

use super::tree::{Id, Node, Tree};

/// What the nodes of a list came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Something in it was not skipped.
    pub(super) ran: bool,
    /// The worst state among those that count, and the first that has it.
    pub(super) worst: Option<(StepState, Id)>,
    /// A failure that no further attempt would change.
    pub(super) hopeless: bool,
}

/// A list that is being walked: that of a block, or the outermost.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// `None`: the outermost list.
    pub(super) block: Option<Id>,
    pub(super) tally: Tally,
    /// Set when it was ended before its time: `TimedOut` by its own timeout, `Cancelled` from outside.
    pub(super) cut: Option<StepState>,
    next: usize,
    deadline: Option<Duration>,
}

impl Frame {
    fn new(block: Option<Id>, deadline: Option<Duration>) -> Self {
        Self { block, tally: Tally::default(), cut: None, next: 0, deadline }
    }

    fn is_expired(&self) -> bool {
        self.cut == Some(StepState::TimedOut)
    }
}

/// The stack. The outermost list is never closed before all else is.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    frames: Vec<Frame>,
}

impl Cursor {
    pub(super) fn new() -> Self {
        Self { frames: vec![Frame::new(None, None)] }
    }

    /// The node whose turn it is; `None` at the end of the innermost list.
    pub(super) fn current(&self, tree: &Tree) -> Option<Id> {
        let frame = self.frames.last()?;
        tree.children(frame.block).get(frame.next).copied()
    }

    /// Goes into a block.
    pub(super) fn open(&mut self, block: Id, deadline: Option<Duration>) {
        self.frames.push(Frame::new(Some(block), deadline));
    }

    /// Leaves the innermost list.
    pub(super) fn close(&mut self) -> Option<Frame> {
        self.frames.pop()
    }

    /// The current node has its final state.
    pub(super) fn pass(&mut self, id: Id, node: &Node, state: StepState, hopeless: bool) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.next += 1;
        frame.tally.ran |= state != StepState::Skipped;
        // In the outermost list, steps of `after` look back and are not looked at.
        let counts = !node.optional && (frame.block.is_some() || node.section != assay_protocol::Section::After);
        if !counts || !state.is_bad() {
            return;
        }
        frame.tally.hopeless |= hopeless;
        if frame.tally.worst.is_none_or(|(worst, _)| weight(state) > weight(worst)) {
            frame.tally.worst = Some((state, id));
        }
    }

    /// Whether something that counts has failed in the innermost list.
    pub(super) fn has_failed(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.tally.worst.is_some())
    }

    /// The outermost block whose timeout has passed.
    pub(super) fn expired(&self) -> Option<Id> {
        self.frames.iter().find(|frame| frame.is_expired()).and_then(|frame| frame.block)
    }

    /// When the next timeout of an open block passes.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.frames.iter().filter(|frame| frame.cut.is_none()).filter_map(|frame| frame.deadline).min()
    }

    /// Marks the outermost block whose timeout has passed by now; true when there is a new one.
    pub(super) fn expire(&mut self, since: Duration) -> bool {
        let passed = |frame: &&mut Frame| frame.deadline.is_some_and(|at| since >= at);
        let found = self.frames.iter_mut().filter(|frame| frame.cut.is_none()).find(passed);
        found.map(|frame| frame.cut = Some(StepState::TimedOut)).is_some()
    }

    /// All open blocks end early, for a reason outside of them.
    pub(super) fn cut(&mut self) {
        for frame in &mut self.frames {
            frame.cut.get_or_insert(StepState::Cancelled);
        }
    }

    /// Time that does not count has passed.
    pub(super) fn shift(&mut self, by: Duration) {
        for deadline in self.frames.iter_mut().filter_map(|frame| frame.deadline.as_mut()) {
            *deadline = deadline.saturating_add(by);
        }
    }
}

/// Errored outweighs failed, failed outweighs timed out.
pub(super) fn weight(state: StepState) -> u8 {
    match state {
        StepState::Errored => 4,
        StepState::Failed => 3,
        StepState::TimedOut => 2,
        StepState::Cancelled => 1,
        StepState::Waiting | StepState::Running | StepState::Paused | StepState::Passed | StepState::Skipped => 0,
    }
}
