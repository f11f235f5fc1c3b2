//! The controller of gates. What is decided is in `assay-gitops`; here facts are carried there and actions back.

mod act;
mod controller;
mod look;
mod memory;
mod observe;
mod publish;
mod trees;
mod wakes;

pub(crate) use controller::{prepare, run};
pub use trees::{NoTrees, TreeAsk, Trees};
