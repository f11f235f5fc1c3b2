//! The leader: a container of its own, without any code of the user. It owns
//! order, conditions, retries, the execution's deadline and the verdict. What
//! is to happen is decided by the pure [`machine`]; [`drive`] makes it happen.

mod drive;
mod facts;
mod machine;
mod narrate;
mod outcome;
mod posts;
mod reports;
mod runs;
pub(crate) mod sources;
mod verdict;
mod voice;

pub use drive::{LeadError, lead};
