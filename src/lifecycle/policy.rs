//! How long each thing is waited for.

use std::time::Duration;

/// The waits of [`crate::decide`]. All can be set, so that tests need not sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// A workflow that does not exist may still be on its way.
    pub workflow_grace: Duration,
    /// After the pod or the Job is over, the runner's words may still arrive.
    pub silence_grace: Duration,
    /// A container that cannot be created may only wait for its Secret.
    pub create_grace: Duration,
    /// An image that was not found once is asked for once more.
    pub image_grace: Duration,
    /// The kubelet says a moment after the fact that it was about memory.
    pub killed_grace: Duration,
    /// A Job whose pod does not exist after this is looked into.
    pub pod_grace: Duration,
    /// A cancelled execution is over at the latest after this.
    pub cancel_limit: Duration,
    /// Added to the deadline of the execution before we judge in the runner's place.
    pub deadline_slack: Duration,
    /// Deadline of the start when the workflow can no longer be asked.
    pub default_start: Duration,
    /// Deadline of the run when the workflow can no longer be asked, and nobody tells of the run.
    pub default_execution: Duration,
    /// Deadline of a pause when the workflow can no longer be asked.
    pub default_pause: Duration,
    /// How often an execution is tried again whose pod was lost before its first step.
    pub free_retries: u32,
    /// Wait before the second attempt, doubled each time.
    pub again_pause: Duration,
    /// The pod of a lost attempt that does not end is waited for so long.
    pub again_limit: Duration,
    /// A store that does not answer for less than this is nothing to speak of.
    pub store_patience: Duration,
    /// What a lost runner may have told a store that does not answer is waited for so long.
    pub store_grace: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            workflow_grace: Duration::from_secs(5),
            silence_grace: Duration::from_secs(15),
            create_grace: Duration::from_secs(10),
            image_grace: Duration::from_secs(2),
            killed_grace: Duration::from_secs(15),
            pod_grace: Duration::from_secs(20),
            cancel_limit: Duration::from_secs(45),
            deadline_slack: Duration::from_secs(120),
            default_start: Duration::from_secs(600),
            default_execution: Duration::from_secs(3600),
            default_pause: Duration::from_secs(24 * 3600),
            free_retries: 3,
            again_pause: Duration::from_secs(1),
            again_limit: Duration::from_secs(60),
            store_patience: Duration::from_secs(3),
            store_grace: Duration::from_secs(600),
        }
    }
}
