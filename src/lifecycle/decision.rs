//! What is to be done, and what is to be said.

use assay_api::{Phase, Reason, Verdict};
use assay_protocol::ingest::Commands;
use assay_protocol::rest::Conclusion;
use jiff::Timestamp;

/// What [`crate::decide`] decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Where the execution stands now.
    pub phase: Phase,
    /// The verdict, once final.
    pub verdict: Option<Verdict>,
    /// Why.
    pub reason: Reason,
    /// One sentence for people.
    pub message: String,
    /// When the user's last process ended, once final and where it is known.
    pub ended_at: Option<Timestamp>,
    /// The attempt that begins. The status that says so is written before
    /// anything is done, so that no crash lets an attempt be counted twice.
    pub next_attempt: Option<u32>,
    /// What is to be done, in this order. Doing any of it twice does no harm.
    pub actions: Vec<Action>,
    /// When to look again.
    pub wake: Wake,
    /// The troubles that are being waited out; see [`crate::Observed::remember`].
    pub troubles: Vec<Trouble>,
    /// What was noticed, one line each, for the log of the operator.
    pub findings: Vec<String>,
}

impl Decision {
    /// Nothing is decided yet: the execution stands where it stands.
    pub(crate) fn going(phase: Phase, reason: Reason, message: impl Into<String>) -> Self {
        Self {
            phase,
            verdict: None,
            reason,
            message: message.into(),
            ended_at: None,
            next_attempt: None,
            actions: Vec::new(),
            wake: Wake::OnChange,
            troubles: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// One thing to do outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Apply ConfigMap and Job, after the store knows of the attempt.
    ApplyObjects,
    /// Tell the store of the attempt, which it missed.
    Begin,
    /// Give the store what somebody asked of the running execution.
    SetCommands(Commands),
    /// Delete a Job.
    DeleteJob {
        /// Its name.
        name: String,
        /// The Job stays visible until its pods are gone.
        foreground: bool,
    },
    /// Tell the store the final judgement.
    Conclude(Conclusion),
    /// Make a Kubernetes Event about the execution.
    PublishEvent {
        /// How grave it is.
        severity: Severity,
        /// Reason of the event.
        reason: Reason,
        /// Its text.
        message: String,
    },
}

/// How grave an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// `Normal`.
    Normal,
    /// `Warning`.
    Warning,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// When something changes.
    OnChange,
    /// At this time, or earlier when something changes.
    At(Timestamp),
}

impl Wake {
    /// The earlier of the two.
    #[must_use]
    pub fn or_at(self, at: Timestamp) -> Self {
        match self {
            Self::OnChange => Self::At(at),
            Self::At(known) => Self::At(known.min(at)),
        }
    }
}

/// Something that is waited out for a while before it is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// An image does not come.
    Image,
    /// A container cannot be created.
    Container,
    /// Pod or Job are over, or gone, and the runner has not spoken.
    Silence,
    /// The container of a step group ended before its work.
    Group,
    /// The runner says that it was stopped, and nobody of us asked for it.
    Stopped,
    /// A step was killed, perhaps for its memory.
    Killed,
    /// The pod is being deleted, and nobody of us asked for it.
    Leaving,
    /// An attempt was lost, and the next one waits for its turn.
    Again,
    /// The store does not do its work.
    Store,
}
