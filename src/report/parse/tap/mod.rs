//! The Test Anything Protocol, versions 12 to 14.

mod document;
mod line;
mod plan;
mod point;

pub(super) use document::read;
pub(super) use line::{Line, line};
