//! Keeps the house in order: the rules of its architecture that the compiler
//! does not know, as checks that name the place and the way out.
//!
//! `cargo test -p assay-tidy` runs them; `UPDATE=1` before it rewrites the
//! generated files instead of comparing them.
#![forbid(unsafe_code)]

pub mod argocd;
pub mod arrows;
pub mod cargo;
pub mod circles;
mod finding;
pub mod generated;
pub mod licences;
pub mod names;
pub mod purity;
pub mod sizes;
pub mod source;
pub mod words;
mod workspace;

pub use finding::{Finding, settle};
pub use workspace::{Room, Workspace, WorkspaceError};
