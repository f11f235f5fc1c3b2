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
    /// The delivery that the gate names does not exist, or its kind is not installed.
    DeliveryNotFound,
    /// What is delivered cannot be named: no source, several, or a revision of an unknown form.
    DeliveryUnclear,
    /// The new revision is not deployed yet.
    AwaitingDeployment,
    /// The new revision is deployed; its workloads are not ready yet.
    AwaitingWorkloads,
    /// The tests passed, but the workloads of the revision never became ready.
    WorkloadsNotReady,
    /// The gate's own `spec.revision` names another revision than the one that is deployed.
    AwaitingOwnRevision,
    /// The revision is being tested.
    Testing,
    /// A failure is being confirmed.
    Confirming,
    /// The content is the one that was judged last.
    SameContent,
    /// The failure is only reported: the gate is advisory.
    AdvisoryFailed,
    /// The control run failed too: it is the environment that is broken.
    EnvironmentBroken,
    /// The revision could not be judged in time.
    GateTimedOut,
    /// A revert was written; the gate waits for it.
    RollingBack,
    /// The guards of a rollback are being asked.
    Evaluating,
    /// Mode `Observe`: it is only said what would be done.
    OnlyObserved,
    /// A guard refuses the rollback.
    RollbackRefused,
    /// The rollback waits for approval.
    AwaitingApproval,
    /// A guard says not yet.
    RollbackHeld,
    /// Another rollback takes this one's paths along.
    JoinedRollback,
    /// The revert is about to be written.
    Committing,
    /// A pull request waits to be merged.
    PullRequestOpen,
    /// The revert is on the branch.
    Reverted,
    /// The revert is deployed and is being judged.
    Verifying,
    /// The revert is deployed and green.
    Recovered,
    /// The revert is not green, or was not deployed in time.
    RecoveryFailed,
    /// A newer revision took its place.
    Superseded,
    /// It could not be decided or finished in time.
    RollbackExpired,
    /// The credential works.
    AccessWorks,
    /// The credential, the repository or the forge does not do what the grant says.
    AccessBroken,
    /// The Git server or the forge does not answer; trying again.
    GitUnavailable,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
