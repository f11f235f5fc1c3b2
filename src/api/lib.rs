//! The nouns of Assay: the Kubernetes kinds of group `assay.dev`, their
//! conditions and reasons, and [`names`], the one place where every label,
//! annotation, path and environment name is written.
//!
//! Absent here: clients, async, clocks, and any default that depends on a
//! cluster. Without the feature `crd` only the words remain ([`names`],
//! [`Verdict`], [`Reason`], [`DurationText`]), which is what the runner links.

#[cfg(feature = "crd")]
mod access;
#[cfg(feature = "crd")]
mod condition;
#[cfg(feature = "crd")]
mod config;
#[cfg(feature = "crd")]
mod container;
#[cfg(feature = "crd")]
mod content;
#[cfg(feature = "crd")]
pub mod crd;
#[cfg(feature = "crd")]
mod delivery;
mod duration;
#[cfg(feature = "crd")]
mod execution;
#[cfg(feature = "crd")]
mod gate;
#[cfg(feature = "crd")]
mod guard;
#[cfg(feature = "crd")]
mod later;
pub mod names;
#[cfg(feature = "crd")]
mod pod;
mod reason;
#[cfg(feature = "crd")]
mod retry;
#[cfg(feature = "crd")]
mod rollback;
#[cfg(feature = "crd")]
mod schema;
#[cfg(feature = "crd")]
mod step;
#[cfg(feature = "crd")]
mod template;
#[cfg(feature = "crd")]
mod template_ref;
mod verdict;
#[cfg(feature = "crd")]
mod workflow;

#[cfg(feature = "crd")]
pub use access::{
    Author, Budget, Forge, ForgeKind, GitWriteAccess, GitWriteAccessSpec, GitWriteAccessStatus, SecretName, Signing,
};
#[cfg(feature = "crd")]
pub use condition::{READY, RECONCILING, STALLED, Standing, condition, fold_conditions, shortened};
#[cfg(feature = "crd")]
pub use config::{ConfigSource, ConfigValues, ParameterSchema, ParameterType, SecretKey};
#[cfg(feature = "crd")]
pub use container::ContainerConfig;
#[cfg(feature = "crd")]
pub use content::{Content, ContentFile, GitContent, Tarball};
#[cfg(feature = "crd")]
pub use delivery::{DeliveryKind, DeliveryReference, GitSource, RevisionStatus};
pub use duration::{DurationError, DurationText};
#[cfg(feature = "crd")]
pub use execution::{
    ArtifactEntry, ArtifactStatus, ExecutionDelivery, FailedTest, JobReference, LogStatus, StepStatus, TestCounts,
    TestExecution, TestExecutionSpec, TestExecutionStatus, WorkflowReference,
};
#[cfg(feature = "crd")]
pub use gate::{
    Confirmation, GateExecution, GateMode, GateRole, GateWorkflow, GoodRevision, Judgement, RollbackSummary, TestGate,
    TestGateSpec, TestGateStatus,
};
#[cfg(feature = "crd")]
pub use guard::Guard;
#[cfg(feature = "crd")]
pub use later::{Later, Raw};
#[cfg(feature = "crd")]
pub use pod::{JobConfig, PodConfig};
pub use reason::Reason;
#[cfg(feature = "crd")]
pub use retry::RetryPolicy;
#[cfg(feature = "crd")]
pub use rollback::{
    Answer, DryRun, Finding, PullRequest, RevertCommit, Rollback, RollbackMode, RollbackPhase, RollbackPolicy,
    RollbackSpec, RollbackStatus, TrailEntry,
};
#[cfg(feature = "crd")]
pub use step::{Artifacts, Step, StepRun};
#[cfg(feature = "crd")]
pub use template::{TestWorkflowTemplate, TestWorkflowTemplateSpec, TestWorkflowTemplateStatus};
#[cfg(feature = "crd")]
pub use template_ref::TemplateRef;
pub use verdict::{Phase, StepState, Verdict};
#[cfg(feature = "crd")]
pub use workflow::{
    Infrastructure, LastExecution, Retention, TestWorkflow, TestWorkflowSpec, TestWorkflowStatus, Timeouts,
};
