//! JUnit XML, the format that every tool writes and none in the same way.

mod builder;
mod case;
mod open_suite;
mod tag;

use std::io::BufRead;

pub(super) use builder::is_root;

use super::error::ParseError;
use super::xml;
use crate::limits::Limits;
use crate::model::TestReport;

/// Reads JUnit XML in one pass.
pub(super) fn read(reader: &mut dyn BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut builder = builder::Builder::new(limits);
    xml::read(reader, &mut builder)?;
    Ok(builder.finish())
}
