//! An element as a whole, of bounded size.

use crate::parse::number;
use crate::{limits, text};

/// An element with what is in it.
#[derive(Debug, Default)]
pub(in crate::parse) struct Element {
    pub(in crate::parse) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    pub(in crate::parse) children: Vec<Element>,
}

impl Element {
    /// The first attribute with this name, whatever the case of its letters; may be empty.
    pub(in crate::parse) fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// An attribute as a name in one line; empty ones are none.
    pub(in crate::parse) fn line(&self, name: &str) -> Option<String> {
        text::line(self.attribute(name), limits::NAME)
    }

    /// Seconds in an attribute, and whether what is written there is odd.
    pub(in crate::parse) fn seconds(&self, name: &str) -> (Option<f64>, bool) {
        number::seconds(self.attribute(name))
    }

    /// A line number, from 1.
    pub(in crate::parse) fn count(&self, name: &str) -> Option<u32> {
        number::count(self.attribute(name)).filter(|count| *count > 0)
    }

    /// The first child with this name.
    pub(in crate::parse) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The element below all of these, each the first of its name.
    pub(in crate::parse) fn below(&self, names: &[&str]) -> Option<&Element> {
        names.iter().try_fold(self, |element, name| element.child(name))
    }

    /// The text as a message.
    pub(in crate::parse) fn message(&self) -> Option<String> {
        text::lines(&self.text, limits::MESSAGE)
    }

    /// The text as details.
    pub(in crate::parse) fn details(&self) -> Option<String> {
        text::block(&self.text, limits::DETAILS)
    }
}
