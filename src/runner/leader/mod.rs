//! The leader: a container of its own, without any code of the user. It owns
//! order, conditions, retries, pauses, the execution's deadline and the
//! verdict. What is to happen is decided by the pure [`machine`]; [`drive`]
//! makes it happen.
//!
//! It knows no secret, and no way leads one to it: whatever it repeats (output,
//! messages, notes, outputs of steps, failures in reports) was masked by the
//! step container that was given the secrets, before it left that container.
//! To mask again here, the leader would have to read them from a folder that
//! the user's code of every other container can read as well.

mod blocks;
mod clock;
mod conditions;
mod cursor;
mod drive;
mod facts;
mod holds;
mod knowledge;
mod machine;
mod narrate;
mod outcome;
mod posts;
mod reports;
mod runs;
pub(crate) mod sources;
mod tree;
mod verdict;
mod voice;

pub use drive::{LeadError, lead};
