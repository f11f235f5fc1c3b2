//! What crosses between our processes: the plan that the runner obeys, the
//! files over which leader and step containers speak, log frames, the runner's
//! progress, the seal, and the bodies of the REST interface.
//!
//! Absent here: IO, async, clocks, Kubernetes clients. Every type is plain data.

pub mod control;
pub mod frame;
pub mod ingest;
mod plan;
mod progress;
pub mod rest;
mod seal;

pub use plan::{
    Action, ArtifactRule, Block, Condition, ExecutionIdentity, Group, Instruction, PlanDocument, PlanFile, RetryRule,
    Section, Server,
};
pub use progress::{ArtifactTotals, BlockProgress, Paused, Progress, RunOutcome, StepProgress};
pub use seal::{SEAL_LIMIT, Seal, SealError};

/// Version of everything in this crate. A runner refuses a plan of another version.
pub const PROTOCOL_VERSION: u32 = 2;
