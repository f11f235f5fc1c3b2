//! Reports in which a few kinds of elements say all: those are built as a
//! whole, the others are gone through.

use std::io::BufRead;

use quick_xml::events::BytesStart;

use super::attributes;
use super::driver::{self, Handler};
use super::element::Element;

use crate::model::WarningCode;
use crate::parse::collector::Collector;
use crate::parse::error::ParseError;
use crate::parse::excerpt::Excerpt;
use crate::parse::format::Format;
use crate::parse::intake::Notes;
use crate::parse::squeeze::DEPTH;

/// Elements in one that is built as a whole.
const NODES: usize = 5000;
/// Elements around an element that are built.
const NESTED: usize = 64;
/// Bytes of text and attributes in one that is built as a whole.
const TEXT: usize = 2 * 1024 * 1024;
/// The longest name of an element that is looked at.
const NAME: usize = 200;
/// Attributes of one element.
const ATTRIBUTES: usize = 64;

/// What to do with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::parse) enum Take {
    /// Look at what is in it.
    Enter,
    /// Build all of it.
    Whole,
    /// Leave it out with all that is in it.
    Skip,
}

/// What a format looks for. A path names the elements around another, from the root.
pub(in crate::parse) trait Outline<'l> {
    fn format(&self) -> Format;
    fn is_root(&self, element: &BytesStart<'_>) -> bool;
    fn collector(&mut self) -> &mut Collector<'l>;
    /// What to do with an element, of which the attributes are known.
    fn meet(&mut self, path: &[String], element: &Element) -> Take;
    /// Is this element, inside of one that is built, left out?
    fn leaves_out(&self, _name: &str) -> bool {
        false
    }
    /// An element that was built.
    fn take(&mut self, path: &[String], element: Element);
    /// An element ends that was gone through.
    fn close(&mut self, _path: &[String], _name: &str) {}
    /// The report ends.
    fn end(&mut self) {}
}

/// Reads a whole report.
///
/// # Errors
/// There is no root of the format, or the report cannot be read.
pub(in crate::parse) fn read_outline<'l>(
    reader: &mut dyn BufRead,
    outline: &mut dyn Outline<'l>,
) -> Result<(), ParseError> {
    let mut growing =
        Growing { outline, path: Vec::new(), built: Vec::new(), nodes: 0, text: 0, cut: false, hidden: 0 };
    driver::read(reader, &mut growing)?;
    growing.finish();
    Ok(())
}

struct Growing<'o, 'l> {
    outline: &'o mut dyn Outline<'l>,
    /// The elements gone through that are open.
    path: Vec<String>,
    /// The elements that are built, outermost first, with their texts.
    built: Vec<(Element, Excerpt)>,
    nodes: usize,
    text: usize,
    cut: bool,
    /// Elements that are open inside of one that is left out, itself included.
    hidden: usize,
}

impl Growing<'_, '_> {
    fn begin(&mut self, element: &BytesStart<'_>) -> Element {
        let name = element.local_name().as_ref().to_owned();
        Element { name, attributes: attributes::all(element, ATTRIBUTES), ..Element::default() }
    }

    /// A further element inside of one that is built.
    fn grow(&mut self, element: &BytesStart<'_>) {
        let full = self.nodes >= NODES || self.built.len() >= NESTED || self.text >= TEXT;
        self.cut |= full;
        if full || self.outline.leaves_out(element.local_name().as_ref()) {
            self.hidden = 1;
            return;
        }
        let element = self.begin(element);
        self.plant(element);
    }

    fn plant(&mut self, element: Element) {
        self.nodes += 1;
        self.text += element.attributes.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        self.built.push((element, Excerpt::default()));
    }

    /// The innermost element that is built is complete.
    fn complete(&mut self) {
        let Some((mut element, text)) = self.built.pop() else { return };
        element.text = text.into_text();
        self.text += element.text.len();
        match self.built.last_mut() {
            Some((outer, _)) => outer.children.push(element),
            None => self.outline.take(&self.path, element),
        }
    }

    fn finish(mut self) {
        if !self.path.is_empty() || !self.built.is_empty() {
            self.outline.collector().warn(WarningCode::Truncated, "the report ends in the middle");
        }
        // What is not complete does not say what came of it.
        self.built.clear();
        while let Some(name) = self.path.pop() {
            self.outline.close(&self.path, &name);
        }
        if self.cut {
            let words = "some texts, attributes or nested elements were cut";
            self.outline.collector().warn(WarningCode::LimitReached, words);
        }
        self.outline.end();
    }

    /// Closes the innermost open element of this name, and those inside of it.
    fn close(&mut self, name: &str) {
        let inside = self.built.iter().rposition(|(element, _)| element.name == name);
        let around = self.path.iter().rposition(|open| open == name);
        match (inside, around) {
            (Some(at), _) => {
                self.warn_unless(at + 1 == self.built.len(), "an element has no end tag");
                while self.built.len() > at {
                    self.complete();
                }
            }
            (None, Some(at)) => {
                self.warn_unless(at + 1 == self.path.len() && self.built.is_empty(), "an element has no end tag");
                while !self.built.is_empty() {
                    self.complete();
                }
                while self.path.len() > at {
                    let closed = self.path.pop().unwrap_or_default();
                    self.outline.close(&self.path, &closed);
                }
            }
            (None, None) => self.warn_unless(false, "an end tag has no start tag"),
        }
    }

    fn warn_unless(&mut self, fine: bool, words: &str) {
        if !fine {
            self.outline.collector().warn(WarningCode::Malformed, words);
        }
    }
}

impl Handler for Growing<'_, '_> {
    fn format(&self) -> Format {
        self.outline.format()
    }

    fn is_root(&self, element: &BytesStart<'_>) -> bool {
        self.outline.is_root(element)
    }

    fn at_root(&self) -> bool {
        self.path.is_empty() && self.built.is_empty() && self.hidden == 0
    }

    fn start(&mut self, element: &BytesStart<'_>) {
        if self.hidden > 0 || element.local_name().as_ref().len() > NAME {
            self.hidden += 1;
            return;
        }
        if !self.built.is_empty() {
            return self.grow(element);
        }
        let element = self.begin(element);
        match self.outline.meet(&self.path, &element) {
            Take::Whole => {
                (self.nodes, self.text) = (0, 0);
                self.plant(element);
            }
            Take::Enter if self.path.len() < DEPTH => self.path.push(element.name),
            Take::Enter | Take::Skip => self.hidden = 1,
        }
    }

    fn end(&mut self, name: &str) {
        if self.hidden > 0 {
            self.hidden -= 1;
        } else {
            self.close(name);
        }
    }

    fn text(&mut self, piece: &str) {
        if self.at_root() {
            self.warn_unless(piece.trim().is_empty(), "there is text outside of the root element");
        } else if self.hidden == 0
            && self.text < TEXT
            && let Some((_, text)) = self.built.last_mut()
        {
            text.push(piece);
        }
    }

    fn warn(&mut self, code: WarningCode, message: String) {
        self.outline.collector().warn(code, message);
    }

    fn warn_of(&mut self, notes: Notes) {
        self.outline.collector().warn_of(notes);
    }
}
