//! Grants: which one covers a path on a branch, what opens its repository, whether that works, and what its
//! forge shows of the gates that it covers.

mod controller;
mod forges;
mod granted;
mod opened;
mod statuses;
mod trees;

pub(crate) use controller::run;
pub(crate) use forges::hear_forges;
pub(crate) use granted::{Covering, covering};
pub(crate) use opened::{Opened, open};
pub(crate) use statuses::run as show_verdicts;
pub use trees::GrantedTrees;
