//! Phase, verdict and step state: what an execution and its steps can be.

use serde::{Deserialize, Serialize};

/// What an execution says about the revision it tested. Only
/// [`Verdict::Failed`], confirmed, may ever touch Git.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Every test passed.
    Passed,
    /// A test said no.
    Failed,
    /// Passed, but only after a retry of the same revision.
    Flaky,
    /// No judgement was possible: image, node, quota, runner, deadline.
    Errored,
    /// Somebody asked for it to stop.
    Cancelled,
    /// Nothing was to be run.
    Skipped,
}

impl Verdict {
    /// The word as it stands in YAML, columns and metric labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Flaky => "flaky",
            Self::Errored => "errored",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether a gate may go green on it.
    pub const fn is_green(self) -> bool {
        matches!(self, Self::Passed | Self::Flaky | Self::Skipped)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where an execution stands, for people; conditions are the contract.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
pub enum Phase {
    /// Accepted; no Job yet.
    #[default]
    Pending,
    /// The Job exists; no step has begun.
    Starting,
    /// A step has begun.
    Running,
    /// The run holds before a step until somebody resumes it.
    Paused,
    /// The verdict is final.
    Finished,
}

impl Phase {
    /// The word as it stands in YAML and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Starting => "Starting",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Finished => "Finished",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// Not begun.
    #[default]
    Waiting,
    /// Its process runs, or it waits for its next attempt.
    Running,
    /// Waits until somebody resumes it.
    Paused,
    /// Ended well.
    Passed,
    /// Its process, or a report it wrote, said no.
    Failed,
    /// It could not be judged: its command or its container could not start.
    Errored,
    /// Ended by its own `timeout`.
    TimedOut,
    /// Ended because the execution was cancelled or ran into its deadline.
    Cancelled,
    /// Its condition did not hold.
    Skipped,
}

impl StepState {
    /// The word as it stands in YAML and columns.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::TimedOut => "timedOut",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether nothing more will happen to the step.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Waiting | Self::Running | Self::Paused)
    }

    /// Whether the step ended in any way other than well or skipped.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Errored | Self::TimedOut | Self::Cancelled)
    }
}

impl std::fmt::Display for StepState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
