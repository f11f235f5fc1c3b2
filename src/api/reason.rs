//! The closed list of reasons: condition reason = event reason = metric label
//! = text in the user interface.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {
        /// Why an object is as it is. One list for conditions, Kubernetes
        /// Events, metric labels and user interfaces.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "crd", derive(schemars::JsonSchema))]
        pub enum Reason { $($(#[doc = $doc])+ $name,)+ }

        impl Reason {
            /// Every reason, in the order of this file.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The reason as it stands in conditions and events.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)+ }
            }

            /// What the reason means, for people.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+),)+ }
            }
        }
    };
}

reasons! {
    /// The definition is valid.
    Valid,
    /// The definition has errors; the message lists them.
    Invalid,
    /// Accepted; the Job is about to be created.
    Accepted,
    /// The Job exists and its pod is starting.
    Starting,
    /// The pod waits for a node.
    Unschedulable,
    /// Images are being pulled.
    PullingImage,
    /// Steps are running.
    Running,
    /// The execution holds before a step until somebody resumes it.
    Paused,
    /// The pod was lost by no fault of the tests; the execution is tried again.
    TryingAgain,
    /// The cluster or the store did not answer; trying again.
    ProgressingWithRetry,
    /// Every test passed.
    Passed,
    /// Passed, but only after a retry of the same revision.
    PassedAfterRetry,
    /// Nothing was to be run.
    Skipped,
    /// A test or a step failed.
    TestsFailed,
    /// A step ran longer than its timeout.
    StepTimedOut,
    /// A step of `setup` failed, so nothing could be judged.
    SetupFailed,
    /// A step of `after` failed.
    AfterFailed,
    /// The execution was cancelled.
    Cancelled,
    /// The workflow does not exist.
    WorkflowNotFound,
    /// The workflow has errors.
    WorkflowInvalid,
    /// A template that the workflow uses does not exist.
    TemplateNotFound,
    /// A configuration value is missing or not acceptable.
    ConfigInvalid,
    /// A command does not exist in its image or cannot be executed.
    CommandNotFound,
    /// A step could not be run.
    StepErrored,
    /// Content (a Git repository, an archive, a file) could not be brought into the workspace.
    ContentFailed,
    /// An image could not be pulled.
    ImagePullFailed,
    /// A container could not be created: a missing Secret, a wrong security context.
    ContainerCreateFailed,
    /// The Job or the pod was refused by the cluster: quota, policy, admission.
    Refused,
    /// The execution ran longer than its deadline.
    ExecutionTimedOut,
    /// The pod did not start within its deadline.
    StartTimedOut,
    /// No node took the pod within its deadline.
    QueueTimedOut,
    /// The images were not pulled within their deadline.
    ImagePullTimedOut,
    /// The execution held longer than it may.
    PauseTimedOut,
    /// A container used more memory than its limit.
    OutOfMemory,
    /// The pod was evicted from its node.
    PodEvicted,
    /// The pod, or its node, disappeared.
    PodLost,
    /// The runner ended without a result.
    RunnerLost,
    /// The store is full or does not answer; runs go on, and it catches up later.
    StoreUnavailable,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
