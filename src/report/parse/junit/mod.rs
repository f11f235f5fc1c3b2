//! JUnit XML, the format that every tool writes and none in the same way.

mod attributes;
mod builder;
mod case;
mod driver;
mod excerpt;
mod open_suite;
mod tag;

pub use driver::{junit, junit_with};
