//! What the leader's machine is told and what it answers.

use std::time::Duration;

use assay_protocol::control::{Done, Stop};
use assay_protocol::ingest::Commands;
use assay_report::Counts;
use jiff::Timestamp;

/// The time of an event: `since` for deadlines, which a wrong wall clock must
/// not move, `wall` for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Now {
    /// Since the leader began.
    pub(super) since: Duration,
    /// By the calendar.
    pub(super) wall: Timestamp,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// The leader is up.
    Begin,
    /// A group's runner is up.
    Ready {
        /// The group.
        group: u16,
        /// Since when.
        at: Timestamp,
    },
    /// An attempt has ended.
    Done(Box<Done>),
    /// The reports of an attempt are read.
    Judged {
        /// The step.
        step: u16,
        /// The attempt.
        attempt: u32,
        /// What they count, when there are any.
        counts: Option<Counts>,
    },
    /// A group's runner is dead.
    Lost {
        /// The group.
        group: u16,
    },
    /// Somebody asked for something.
    Commands(Commands),
    /// The pod is being deleted.
    Terminate,
    /// Time has passed.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// Let a step container run an attempt.
    Go {
        /// The container.
        group: u16,
        /// The step.
        step: u16,
        /// The attempt.
        attempt: u32,
    },
    /// End a running attempt.
    Stop {
        /// The container.
        group: u16,
        /// The step.
        step: u16,
        /// The attempt.
        attempt: u32,
        /// Why.
        why: Stop,
    },
    /// Read the reports among the attempt's files; answered by [`Event::Judged`].
    Judge {
        /// The ended attempt.
        done: Box<Done>,
    },
    /// Keep the files of a step's last attempt.
    Keep {
        /// The ended attempt.
        done: Box<Done>,
    },
    /// Another attempt of the step may follow: the reports of its last one no longer count.
    Forget {
        /// The step.
        step: u16,
    },
    /// Tell people.
    Say {
        /// Of which step.
        step: u16,
        /// Of which attempt.
        attempt: u32,
        /// Since when it is so.
        at: Timestamp,
        /// The line.
        text: String,
    },
    /// Everything has run that will.
    Finished,
}
