//! Reads the elements of a report and hands them on.

use std::io::BufRead;

use quick_xml::errors::Error;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::attributes;
use crate::model::WarningCode;
use crate::parse::error::ParseError;
use crate::parse::format::Format;
use crate::parse::intake::{Intake, Notes};
use crate::{limits, text};

/// What takes the elements. End tags need not match start tags.
pub(in crate::parse) trait Handler {
    fn format(&self) -> Format;
    /// Is this root element one of the format?
    fn is_root(&self, element: &BytesStart<'_>) -> bool;
    /// No element is open.
    fn at_root(&self) -> bool;
    fn start(&mut self, element: &BytesStart<'_>);
    fn end(&mut self, name: &str);
    fn text(&mut self, piece: &str);
    fn warn(&mut self, code: WarningCode, message: String);
    fn warn_of(&mut self, notes: Notes);
}

/// Reads a whole report. Roots of another kind are left out, unless it is the first.
///
/// # Errors
/// There is no root of the format, or the report cannot be read.
pub(in crate::parse) fn read(reader: &mut dyn BufRead, handler: &mut dyn Handler) -> Result<(), ParseError> {
    let mut reader = Reader::from_reader(Intake::xml(reader));
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.allow_unmatched_ends = true;
    config.check_end_names = false;
    let mut reading = Reading { handler, roots: 0, skip: 0, wrong: None };
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
                reading.handler.warn(WarningCode::Truncated, "the report ends in the middle".to_owned());
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

struct Reading<'h> {
    handler: &'h mut dyn Handler,
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
        } else if !self.handler.at_root() {
            self.handler.start(element);
        } else if self.handler.is_root(element) {
            self.roots += 1;
            self.handler.start(element);
        } else {
            self.skip = 1;
            if self.roots > 0 {
                let words = format!("a further root element is not of {} and was left out", self.handler.format());
                self.handler.warn(WarningCode::ForeignRoot, words);
            }
            self.wrong.get_or_insert_with(|| describe(element));
        }
    }

    fn end(&mut self, name: &str) {
        if self.skip > 0 {
            self.skip -= 1;
        } else {
            self.handler.end(name);
        }
    }

    fn text(&mut self, piece: &str) {
        if self.skip == 0 {
            self.handler.text(piece);
        }
    }

    fn finish(self, notes: Notes) -> Result<(), ParseError> {
        match (self.roots, self.wrong) {
            (0, Some(root)) => return Err(ParseError::WrongRoot { format: self.handler.format(), root }),
            (0, None) if notes.substance => return Err(ParseError::NotXml),
            (0, None) => return Err(ParseError::Empty),
            _ => {}
        }
        self.handler.warn_of(notes);
        Ok(())
    }
}

/// The name of a root element, with a namespace that is that of a format.
fn describe(element: &BytesStart<'_>) -> String {
    let name = text::line(element.local_name().as_ref(), 80).unwrap_or_default();
    match attributes::namespace(element) {
        Some(namespace) => format!("{name} xmlns={:?}", text::line(&namespace, limits::NAME).unwrap_or_default()),
        None => name,
    }
}
