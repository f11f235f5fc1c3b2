//! The life of an execution, as pure logic: from what is observed of its Job,
//! its pods and its runner to what is to be done and what its status says.
//!
//! [`decide`] is the only place where an execution moves on, [`fold_execution`]
//! the only place where its status is written, [`delay`] the only table of how
//! long a failure is waited out. Absent here: clients, async, clocks (time is
//! an argument), randomness. Every [`Decision`] carries a reason.
#![forbid(unsafe_code)]

mod again;
mod backstop;
mod before;
mod causes;
mod clocks;
mod conditions;
mod decide;
mod decision;
mod definition;
mod ended;
mod finding;
mod image;
mod job;
mod observed;
mod outcome;
mod pod;
mod policy;
#[cfg(test)]
mod proof;
mod record;
mod requeue;
mod retention;
mod status;
mod steps;
mod stopping;
mod time;

pub use decide::decide;
pub use decision::{Action, Decision, Severity, Trouble, Wake};
pub use definition::{fold_template, fold_workflow};
pub use job::{Deadlines, JobEnd, JobFacts};
pub use observed::{Collected, ExecutionFacts, LogFacts, Observed, Older, PlanFacts, Planned, Recorded, Refusal, Seen};
pub use pod::{ContainerFacts, ContainerState, PodFacts, Role};
pub use policy::Policy;
pub use requeue::{Failure, delay};
pub use retention::{Finished, Limits, superfluous};
pub use status::fold_execution;
