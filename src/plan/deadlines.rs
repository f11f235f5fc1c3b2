//! How long each part of an execution may take.

use std::time::Duration;

use assay_api::{DurationText, TestWorkflowSpec};

/// Longest time of an execution that names none.
pub const DEFAULT_EXECUTION_TIMEOUT: Duration = Duration::from_secs(3600);
/// Longest wait for the first step of an execution that names none.
pub const DEFAULT_START_TIMEOUT: Duration = Duration::from_secs(600);
/// Time that `after` steps have once the deadline has passed.
pub const AFTER_GRACE: Duration = Duration::from_secs(60);
/// Longest pause of an execution that names none.
pub const DEFAULT_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Deadlines of an execution, and how often it may be tried again when its pod is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From the Job's creation until a node takes the pod.
    pub queue: Duration,
    /// From then until all images are there.
    pub image_pull: Duration,
    /// From the Job's creation to the first step's start.
    pub start: Duration,
    /// From the first step's start to the end, without pauses and without [`Deadlines::after_grace`].
    pub execution: Duration,
    /// Time that `after` steps have once `execution` has passed.
    pub after_grace: Duration,
    /// All pauses together.
    pub pause: Duration,
    /// Attempts after the first that the execution may have although steps had begun.
    pub infrastructure_retries: u32,
}

impl Deadlines {
    /// The deadlines that a workflow names, and the defaults of all others. What is no duration counts as not named.
    pub fn of(spec: &TestWorkflowSpec) -> Self {
        let timeouts = spec.timeouts.clone().unwrap_or_default();
        let start = duration(timeouts.start.as_ref()).unwrap_or(DEFAULT_START_TIMEOUT);
        let of_job = || {
            let seconds = spec.job.as_ref().and_then(|job| job.active_deadline_seconds)?;
            u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).map(Duration::from_secs)
        };
        let retries = spec.infrastructure.as_ref().map_or(0, |infrastructure| infrastructure.retries);
        Self {
            queue: duration(timeouts.queue.as_ref()).unwrap_or(start),
            image_pull: duration(timeouts.image_pull.as_ref()).unwrap_or(start),
            start,
            execution: duration(timeouts.execution.as_ref()).or_else(of_job).unwrap_or(DEFAULT_EXECUTION_TIMEOUT),
            after_grace: AFTER_GRACE,
            pause: duration(timeouts.pause.as_ref()).unwrap_or(DEFAULT_PAUSE),
            infrastructure_retries: u32::try_from(retries).unwrap_or_default(),
        }
    }

    /// The longest time that an attempt can take when every deadline is used up.
    pub fn sum(&self) -> Duration {
        [self.start, self.execution, self.after_grace, self.pause]
            .into_iter()
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// The value of a duration, if it is one.
pub(crate) fn duration(text: Option<&DurationText>) -> Option<Duration> {
    text.and_then(|text| text.parse().ok())
}

/// A duration as the plan holds it.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use assay_api::{JobConfig, Timeouts};

    use super::*;

    #[test]
    fn what_is_not_named_has_its_default() {
        let named = |start: Option<&str>, queue: Option<&str>| TestWorkflowSpec {
            timeouts: Some(Timeouts {
                start: start.map(DurationText::new),
                queue: queue.map(DurationText::new),
                ..Timeouts::default()
            }),
            ..TestWorkflowSpec::default()
        };
        for (start, queue, expected) in [
            (None, None, (600, 600, 600)),
            (Some("90s"), None, (90, 90, 90)),
            (Some("90s"), Some("1h"), (90, 3600, 90)),
            (Some("soon"), None, (600, 600, 600)),
        ] {
            let found = Deadlines::of(&named(start, queue));
            assert_eq!((found.start.as_secs(), found.queue.as_secs(), found.image_pull.as_secs()), expected);
        }
        let job = JobConfig { active_deadline_seconds: Some(30), ..JobConfig::default() };
        let of_job = TestWorkflowSpec { job: Some(job), ..TestWorkflowSpec::default() };
        assert_eq!(Deadlines::of(&of_job).execution.as_secs(), 30);
        assert_eq!(Deadlines::of(&TestWorkflowSpec::default()).sum().as_secs(), 600 + 3600 + 60 + 24 * 3600);
    }
}
