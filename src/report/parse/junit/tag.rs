//! The elements of JUnit XML that mean something.

/// An element by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Suites,
    Suite,
    Case,
    Outcome(Kind),
    /// What a test printed; left out, since the log of the run has it.
    Output,
    Other,
}

/// The elements inside a case that say what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Skipped,
    Failure,
    Error,
    /// A failed try before one that passed.
    Flaky,
    /// A further failed try after one that failed; the flag: by an error.
    Rerun {
        error: bool,
    },
}

impl Tag {
    pub(super) fn of(local_name: &str) -> Self {
        match local_name {
            "testsuites" => Self::Suites,
            "testsuite" => Self::Suite,
            "testcase" => Self::Case,
            "failure" => Self::Outcome(Kind::Failure),
            "error" => Self::Outcome(Kind::Error),
            "skipped" | "ignored" | "disabled" | "notrun" => Self::Outcome(Kind::Skipped),
            "flakyFailure" | "flakyError" => Self::Outcome(Kind::Flaky),
            "rerunFailure" => Self::Outcome(Kind::Rerun { error: false }),
            "rerunError" => Self::Outcome(Kind::Rerun { error: true }),
            "system-out" | "system-err" => Self::Output,
            _ => Self::Other,
        }
    }
}
