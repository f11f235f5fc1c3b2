//! Reads the elements and hands them to the builder.

use std::io::BufRead;

use quick_xml::errors::Error;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::attributes;
use super::builder::Builder;
use super::tag::Tag;
use crate::limits::{self, Limits};
use crate::model::{TestReport, WarningCode};
use crate::parse::detect;
use crate::parse::error::ParseError;
use crate::parse::intake::{Intake, Notes};
use crate::text;

/// Reads JUnit XML with the usual limits; see [`junit_with`].
///
/// # Errors
/// The bytes are not JUnit XML, or cannot be read.
pub fn junit(reader: impl BufRead) -> Result<TestReport, ParseError> {
    junit_with(reader, &Limits::default())
}

/// Reads JUnit XML in one pass with memory bounded by `limits`.
///
/// A report that is cut off or malformed yields what could be read of it and
/// warnings that say so.
///
/// # Errors
/// The bytes are not JUnit XML, or cannot be read.
pub fn junit_with(reader: impl BufRead, limits: &Limits) -> Result<TestReport, ParseError> {
    let mut reader = Reader::from_reader(Intake::new(reader));
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    let mut reading = Reading { builder: Builder::new(limits), roots: 0, skip: 0, wrong: None };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Eof) => break,
            Ok(event) => reading.event(event),
            Err(Error::Io(error)) => {
                return Err(ParseError::Read(std::io::Error::new(error.kind(), error)));
            }
            Err(_) => {
                reading.builder.warn(WarningCode::Truncated, "the report ends in the middle");
                break;
            }
        }
        // Nothing after a wrong first root can make it a report.
        if reading.wrong.is_some() && reading.roots == 0 {
            break;
        }
    }
    reading.finish(reader.get_ref().notes())
}

struct Reading<'l> {
    builder: Builder<'l>,
    /// Roots of the right kind so far.
    roots: usize,
    /// Elements open inside of a root of another kind.
    skip: usize,
    /// Name of the first root of another kind.
    wrong: Option<String>,
}

impl Reading<'_> {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(element) => self.start(&element),
            Event::Empty(element) => {
                self.start(&element);
                self.end(element.local_name().as_ref());
            }
            Event::End(element) => self.end(element.local_name().as_ref()),
            Event::Text(piece) => self.text(&piece),
            Event::CData(piece) => self.text(&piece),
            Event::GeneralRef(name) => match attributes::reference(&name) {
                Some(c) => self.text(c.encode_utf8(&mut [0; 4])),
                None => self.text(&format!("&{};", &*name)),
            },
            _ => {}
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        if self.skip > 0 {
            self.skip += 1;
        } else if !self.builder.at_root() {
            self.builder.start(Tag::of(element.local_name().as_ref()), element);
        } else if detect::is_junit(element) {
            self.roots += 1;
            self.builder.start(Tag::of(element.local_name().as_ref()), element);
        } else {
            self.skip = 1;
            if self.roots > 0 {
                self.builder.warn(WarningCode::ForeignRoot, "a further root element is not JUnit's and was left out");
            }
            self.wrong.get_or_insert_with(|| describe(element));
        }
    }

    fn end(&mut self, name: &str) {
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.builder.end(Tag::of(name));
        }
    }

    fn text(&mut self, piece: &str) {
        if self.skip == 0 {
            self.builder.text(piece);
        }
    }

    fn finish(mut self, notes: Notes) -> Result<TestReport, ParseError> {
        match (self.roots, self.wrong) {
            (0, Some(root)) => return Err(ParseError::NotJunit { root }),
            (0, None) if notes.substance => return Err(ParseError::NotXml),
            (0, None) => return Err(ParseError::Empty),
            _ => {}
        }
        if notes.replaced {
            self.builder.warn(WarningCode::InvalidText, "some bytes are no text in the report's encoding");
        }
        if let Some(name) = notes.unknown_encoding {
            self.builder.warn(WarningCode::UnknownEncoding, format!("encoding {name:?} is not known; read as UTF-8"));
        }
        if notes.cut {
            self.builder.warn(WarningCode::LimitReached, "some texts, attributes or nested elements were cut");
        }
        if notes.doctype {
            self.builder.warn(WarningCode::DoctypeIgnored, "the document type was not read");
        }
        Ok(self.builder.finish())
    }
}

fn describe(element: &BytesStart<'_>) -> String {
    let name = text::line(element.local_name().as_ref(), 80).unwrap_or_default();
    match detect::foreign(element) {
        Some(namespace) => format!("{name} xmlns={:?}", text::line(&namespace, limits::NAME).unwrap_or_default()),
        None => name,
    }
}
