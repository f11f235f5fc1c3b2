//! What can come of a test.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What came of one test case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// The test ran and was content (perhaps only at a second try: see [`Case::flaky`]).
    Passed,
    /// The test says no: an assertion did not hold.
    Failed,
    /// The test broke before it could say anything.
    Errored,
    /// The test did not run.
    Skipped,
}

impl Outcome {
    /// Is this an outcome that somebody has to look at?
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Errored)
    }

    /// The word used in texts and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Errored => "errored",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
