//! The leader: a container of its own, without any code of the user. It owns
//! order, conditions, retries, pauses, the execution's deadline and the
//! verdict. What is to happen is decided by the pure [`machine`]; [`drive`]
//! makes it happen.

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
