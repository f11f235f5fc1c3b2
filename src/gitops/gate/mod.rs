//! The judgement of a delivery, revision by revision, as pure logic.
//!
//! [`decide_gate`] is the only place where a gate moves on; the status that it returns is made in one
//! function. Three traps are avoided by construction: a verdict never outlives the revision that it is
//! about (stale pass, stale fail), and nothing is ever waited for that waits for the gate (deadlock).

mod decide;
mod decision;
mod judge;
mod names;
mod observed;
mod page;
#[cfg(test)]
mod proof;
mod record;
mod say;
mod status;
mod tally;
mod terms;

pub use decide::decide_gate;
pub use decision::{GateAction, GateDecision, GateEnd, GateRun};
pub use observed::{GateObject, GateObserved, RollbackSeen, Run, RunEnd};
