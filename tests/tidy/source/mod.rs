//! The Rust files of a crate, as the module tree that the compiler sees:
//! which file holds which module, and what each one refers to.

mod read;
mod tokens;
mod tree;

pub use tree::{Import, Module, Reference, Tree};
