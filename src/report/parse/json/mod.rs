//! JSON of any size, read piece by piece.

mod lexer;
mod tree;
mod walk;

pub(super) use lexer::{Lexer, Token};
pub(super) use tree::Tree;
pub(super) use walk::{Shape, Step, is, read, walk};
