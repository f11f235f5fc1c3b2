//! Parsers: from the bytes of a report file to a [`crate::TestReport`].
//!
//! A parser never fails because a report is odd: it reads what it can and
//! warns. It fails only when the bytes are not a report of its format at all.

mod decode;
mod detect;
mod error;
mod intake;
mod junit;
mod number;
mod squeeze;

pub use detect::{Format, detect};
pub use error::ParseError;
pub use junit::{junit, junit_with};
