//! Exit codes. They are an interface: scripts and pipelines decide on them.

use assay_api::{Reason, Verdict};

/// Everything passed (also: passed after a retry, or nothing was to be run).
pub(crate) const PASSED: u8 = 0;
/// Tests failed.
pub(crate) const FAILED: u8 = 1;
/// Wrong usage, or an invalid manifest.
pub(crate) const USAGE: u8 = 2;
/// The execution, or the command itself, ran into an error: no judgement.
pub(crate) const ERRORED: u8 = 3;
/// A deadline ran out.
pub(crate) const TIMED_OUT: u8 = 4;
/// The execution was cancelled.
pub(crate) const CANCELLED: u8 = 5;
/// The cluster is not reachable: the result is unknown.
pub(crate) const UNREACHABLE: u8 = 8;
/// Whoever waited left by Ctrl-C: the execution goes on.
pub(crate) const INTERRUPTED: u8 = 130;

/// The list as `--help` shows it.
pub(crate) const HELP: &str = "Exit codes: 0 passed, 1 tests failed, 2 wrong usage or invalid manifest, \
    3 error in executing, 4 timed out, 5 cancelled, 8 cluster not reachable, 130 left by Ctrl-C.\n\
    `validate` and `doctor`: 0 nothing is wrong, 1 something is. `report parse --fail`: 1 a test failed.";

/// The exit code of a finished execution.
pub(crate) fn of(verdict: Verdict, reason: Option<Reason>) -> u8 {
    let late = matches!(
        reason,
        Some(
            Reason::ExecutionTimedOut
                | Reason::StepTimedOut
                | Reason::StartTimedOut
                | Reason::QueueTimedOut
                | Reason::ImagePullTimedOut
                | Reason::PauseTimedOut
        )
    );
    match verdict {
        Verdict::Passed | Verdict::Flaky | Verdict::Skipped => PASSED,
        Verdict::Cancelled => CANCELLED,
        Verdict::Failed | Verdict::Errored if late => TIMED_OUT,
        Verdict::Failed => FAILED,
        Verdict::Errored => ERRORED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_has_its_code() {
        for (verdict, reason, code) in [
            (Verdict::Passed, Reason::Passed, 0),
            (Verdict::Flaky, Reason::PassedAfterRetry, 0),
            (Verdict::Skipped, Reason::Skipped, 0),
            (Verdict::Failed, Reason::TestsFailed, 1),
            (Verdict::Failed, Reason::StepTimedOut, 4),
            (Verdict::Errored, Reason::ExecutionTimedOut, 4),
            (Verdict::Errored, Reason::StartTimedOut, 4),
            (Verdict::Errored, Reason::QueueTimedOut, 4),
            (Verdict::Errored, Reason::ImagePullTimedOut, 4),
            (Verdict::Errored, Reason::PauseTimedOut, 4),
            (Verdict::Errored, Reason::ContentFailed, 3),
            (Verdict::Errored, Reason::TemplateNotFound, 3),
            (Verdict::Errored, Reason::SetupFailed, 3),
            (Verdict::Errored, Reason::AfterFailed, 3),
            (Verdict::Errored, Reason::WorkflowNotFound, 3),
            (Verdict::Errored, Reason::WorkflowInvalid, 3),
            (Verdict::Errored, Reason::ConfigInvalid, 3),
            (Verdict::Errored, Reason::CommandNotFound, 3),
            (Verdict::Errored, Reason::ImagePullFailed, 3),
            (Verdict::Cancelled, Reason::Cancelled, 5),
        ] {
            assert_eq!(of(verdict, Some(reason)), code, "{verdict} {reason}");
        }
        assert_eq!(of(Verdict::Failed, None), 1);
        for reason in Reason::ALL {
            assert_ne!(of(Verdict::Failed, Some(*reason)), 0, "{reason}");
            assert_ne!(of(Verdict::Errored, Some(*reason)), 0, "{reason}");
        }
    }
}
