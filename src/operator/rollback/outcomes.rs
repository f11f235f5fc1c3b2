//! What a look learns from its own actions.

use assay_gitops::{OpenOutcome, PlannedCommit, PushOutcome};

/// What came of the actions, for the next decision.
#[derive(Default)]
pub(super) struct Outcomes {
    pub(super) planned: Option<PlannedCommit>,
    pub(super) pushed: Option<PushOutcome>,
    pub(super) opened: Option<OpenOutcome>,
}
