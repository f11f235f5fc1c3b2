//! Test results: one model for what every test tool says about its tests, the
//! tolerant parsers that read it from report files, and the renderers that
//! write it again.
//!
//! The room is pure: no clock, no client, no async; the only input is a
//! [`std::io::BufRead`] that the caller opened. A report is text written by
//! the code under test, so every size is bounded and nothing in it is obeyed.
#![forbid(unsafe_code)]

mod counts;
mod limits;
mod model;
mod outcome;
pub mod parse;
pub mod render;
mod summary;
mod text;

pub use counts::Counts;
pub use limits::Limits;
pub use model::{Case, Suite, TestReport, Warning, WarningCode};
pub use outcome::Outcome;
pub use summary::{FailedCase, Summary};
