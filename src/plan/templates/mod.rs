//! Templates: fragments of workflows with parameters of their own. Each is
//! resolved by itself, with its own names only, and then merged into the
//! workflow that uses it.

mod expand;
mod fragment;
mod handles;
mod layers;
mod origins;
mod references;
mod settings;
mod store;

pub use references::templates_used;

pub(crate) use expand::{Expanded, expand};
pub(crate) use origins::Origins;
pub(crate) use references::uses;
pub(crate) use store::NESTED;
