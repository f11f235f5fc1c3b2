//! Parsers: from the bytes of a report file to a [`crate::TestReport`].
//!
//! A parser never fails because a report is odd: it reads what it can and
//! warns. It fails only when the bytes are not a report of its format at all.

mod allure;
mod collector;
mod ctrf;
mod cucumber;
mod decode;
mod detect;
mod error;
mod excerpt;
mod format;
mod gotest;
mod intake;
mod json;
mod junit;
mod k6;
mod lines;
mod mocha;
mod number;
mod nunit;
mod playwright;
mod read;
mod robot;
mod squeeze;
mod tap;
mod trx;
mod xml;
mod xunit;

pub use detect::{detect, detect_named};
pub use error::ParseError;
pub use format::Format;
pub use read::{HEAD, Parsed, junit, junit_with, read, report};
