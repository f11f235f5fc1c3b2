//! Pauses: what somebody asked for, and the pause that is under way.

use std::time::Duration;

use assay_protocol::PlanDocument;
use assay_protocol::ingest::Commands;

use super::facts::Now;
use super::tree::{Id, Kind, Node};

/// Stands for every step in [`Commands::resume`].
const EVERY_STEP: &str = "*";

/// A pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hold {
    /// What would be next.
    pub(super) node: Id,
    /// Since when.
    pub(super) since: Now,
}

/// Who holds what.
#[derive(Clone, Debug)]
pub(super) struct Holds {
    commands: Commands,
    longest: Duration,
    current: Option<Hold>,
    exceeded: Option<Id>,
}

impl Holds {
    pub(super) fn new(plan: &PlanDocument) -> Self {
        let longest = Duration::from_millis(plan.pause_ms);
        Self { commands: Commands::default(), longest, current: None, exceeded: None }
    }

    /// Takes what somebody asked for. Two answers may overtake each other, so an older one is passed over.
    pub(super) fn obey(&mut self, commands: Commands) {
        if commands.version > self.commands.version {
            self.commands = commands;
        }
    }

    /// Whether a node has to wait for somebody.
    pub(super) fn holds(&self, node: &Node) -> bool {
        let by_command = self.commands.pause && node.kind != Kind::Block;
        by_command || node.paused && !self.is_resumed(&node.id)
    }

    fn is_resumed(&self, handle: &str) -> bool {
        self.commands.resume.iter().any(|name| name == handle || name == EVERY_STEP)
    }

    pub(super) fn begin(&mut self, node: Id, now: Now) {
        self.current = Some(Hold { node, since: now });
    }

    /// Ends the pause; answers how long it was.
    pub(super) fn end(&mut self, now: Now) -> Duration {
        self.current.take().map_or(Duration::ZERO, |hold| now.since.saturating_sub(hold.since.since))
    }

    pub(super) fn current(&self) -> Option<Hold> {
        self.current
    }

    pub(super) fn longest(&self) -> Duration {
        self.longest
    }

    /// When the pause becomes too long.
    pub(super) fn limit(&self) -> Option<Duration> {
        self.current?.since.since.checked_add(self.longest)
    }

    /// Nobody came for this node.
    pub(super) fn exceed(&mut self, node: Id) {
        self.exceeded.get_or_insert(node);
    }

    /// The node whose pause was too long.
    pub(super) fn exceeded(&self) -> Option<Id> {
        self.exceeded
    }

    /// Why there is a pause, for people.
    pub(super) fn why(&self) -> &'static str {
        if self.commands.pause { "the execution is paused" } else { "it waits to be resumed" }
    }
}
