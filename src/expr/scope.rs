//! The closed set of names that a text may refer to.

use std::collections::BTreeMap;

/// Names by their dotted path. A name may be known without a value: a text
/// that refers to it is right, but keeps the reference until a value is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    names: BTreeMap<String, Option<String>>,
}

impl Scope {
    /// A scope without names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a name its value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.names.insert(name.into(), Some(value.into()));
    }

    /// Makes a name known whose value comes later. A value that is there stays.
    pub fn declare(&mut self, name: impl Into<String>) {
        self.names.entry(name.into()).or_insert(None);
    }

    /// `None` when the name is not known, `Some(None)` when it has no value yet.
    pub fn get(&self, name: &str) -> Option<Option<&str>> {
        self.names.get(name).map(Option::as_deref)
    }

    /// All known names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }
}
