//! The deadlines of a run. Time spent in pauses does not count.

use std::time::Duration;

use assay_protocol::{PlanDocument, Section};
use jiff::Timestamp;

use super::facts::Now;

/// Of the pod's 30 s of grace, what `after` steps may use when it is deleted.
const AFTER_TERMINATION: Duration = Duration::from_secs(18);

/// What time says of a run.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    begun: Option<Now>,
    timeout: Duration,
    after_grace: Duration,
    paused: Duration,
    timed_out: bool,
    terminated_at: Option<Duration>,
    told_to_end: bool,
    hurried: bool,
}

impl Clock {
    pub(super) fn new(plan: &PlanDocument) -> Self {
        Self {
            begun: None,
            timeout: Duration::from_millis(plan.timeout_ms),
            after_grace: Duration::from_millis(plan.after_grace_ms),
            paused: Duration::ZERO,
            timed_out: false,
            terminated_at: None,
            told_to_end: false,
            hurried: false,
        }
    }

    /// The run begins with its first step, with the wait before it, or with the pause before it.
    pub(super) fn begin(&mut self, now: Now) {
        self.begun.get_or_insert(now);
    }

    pub(super) fn begun_at(&self) -> Option<Timestamp> {
        self.begun.map(|begun| begun.wall)
    }

    /// When whatever runs in this section has to end.
    pub(super) fn limit(&self, section: Option<Section>) -> Option<Duration> {
        let limit = self.begun?.since.checked_add(self.timeout)?.checked_add(self.paused);
        if section != Some(Section::After) {
            return limit;
        }
        let limit = limit.and_then(|limit| limit.checked_add(self.after_grace));
        let by_deletion = self.terminated_at.map(|at| if self.hurried { at } else { at + AFTER_TERMINATION });
        [limit, by_deletion].into_iter().flatten().min()
    }

    pub(super) fn is_over(&self, section: Option<Section>, now: Now) -> bool {
        self.limit(section).is_some_and(|limit| now.since >= limit)
    }

    /// The execution's deadline has passed.
    pub(super) fn time_out(&mut self) {
        self.timed_out = true;
    }

    pub(super) fn is_timed_out(&self) -> bool {
        self.timed_out
    }

    /// The pod is being deleted, as a step container says.
    pub(super) fn infer_termination(&mut self, now: Now) {
        self.terminated_at.get_or_insert(now.since);
    }

    /// The pod is being deleted, as we are told. A step container's end may
    /// have said so before; only a second word is haste.
    pub(super) fn terminate(&mut self, now: Now) {
        self.hurried = std::mem::replace(&mut self.told_to_end, true);
        self.infer_termination(now);
    }

    pub(super) fn is_terminated(&self) -> bool {
        self.terminated_at.is_some()
    }

    /// A pause is over.
    pub(super) fn add_pause(&mut self, length: Duration) {
        self.paused = self.paused.saturating_add(length);
    }

    pub(super) fn paused(&self) -> Duration {
        self.paused
    }
}
