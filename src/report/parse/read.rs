//! The ways in.

use std::io::{BufRead, Read};

use super::detect::detect_named;
use super::error::ParseError;
use super::format::Format;
use super::{allure, ctrf, cucumber, gotest, junit as junit_xml, k6, mocha, nunit, playwright, robot, tap, trx, xunit};
use crate::limits::Limits;
use crate::model::TestReport;

/// Bytes that tell the format of nearly every report.
pub const HEAD: usize = 16 * 1024;

/// A report and what it was read from. What was odd about it is in the
/// report's warnings.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The format that was found.
    pub format: Format,
    /// The report.
    pub report: TestReport,
}

/// Reads a report of whatever format. The name of the file helps where its
/// content leaves the format open; it may be empty.
///
/// # Errors
/// The format is not known, or the report cannot be read.
pub fn report(mut reader: impl BufRead, name: &str) -> Result<Parsed, ParseError> {
    let mut head = Vec::new();
    reader.by_ref().take(HEAD as u64).read_to_end(&mut head).map_err(ParseError::Read)?;
    let Some(format) = detect_named(&head, name) else {
        let blank = head.len() < HEAD && head.iter().all(|byte| byte.is_ascii_whitespace());
        return Err(if blank { ParseError::Empty } else { ParseError::Unknown });
    };
    let report = read(format, head.as_slice().chain(reader), &Limits::default())?;
    Ok(Parsed { format, report })
}

/// Reads a report of a known format in one pass, with memory bounded by `limits`.
///
/// A report that is cut off or malformed yields what could be read of it and
/// warnings that say so.
///
/// # Errors
/// The bytes are not of the format, or cannot be read.
pub fn read(format: Format, mut reader: impl BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let reader: &mut dyn BufRead = &mut reader;
    match format {
        Format::Junit => junit_xml::read(reader, limits),
        Format::GoTest => gotest::read(reader, limits),
        Format::Tap => tap::read(reader, limits),
        Format::Trx => trx::read(reader, limits),
        Format::Playwright => playwright::read(reader, limits),
        Format::K6 => k6::read(reader, limits),
        Format::Ctrf => ctrf::read(reader, limits),
        Format::Xunit => xunit::read(reader, limits),
        Format::Nunit => nunit::read(reader, limits),
        Format::Cucumber => cucumber::read(reader, limits),
        Format::Robot => robot::read(reader, limits),
        Format::Mocha => mocha::read(reader, limits),
        Format::Allure => allure::read(reader, limits),
    }
}

/// Reads JUnit XML with the usual limits; see [`read`].
///
/// # Errors
/// The bytes are not JUnit XML, or cannot be read.
pub fn junit(reader: impl BufRead) -> Result<TestReport, ParseError> {
    junit_with(reader, &Limits::default())
}

/// Reads JUnit XML with limits of one's own; see [`read`].
///
/// # Errors
/// The bytes are not JUnit XML, or cannot be read.
pub fn junit_with(mut reader: impl BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    junit_xml::read(&mut reader, limits)
}
