//! Where each field of a YAML document stands, and which keys are there twice.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, Span};

/// A place in a text, counted from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    /// Line.
    pub(crate) line: usize,
    /// Column, in characters.
    pub(crate) column: usize,
}

impl Spot {
    fn of(span: &Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }
}

/// The places of one document.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// Beginning of the document's content.
    pub(crate) first: Spot,
    spots: HashMap<String, Spot>,
    /// Keys that stand in one mapping more than once, with the place of the repetition.
    pub(crate) doubled: Vec<(String, Spot)>,
}

impl Places {
    /// The place of a field; of the nearest field around it when it is not there.
    pub(crate) fn spot(&self, path: &str) -> Spot {
        // What stands in a template is said at the place that names the template.
        let mut path = path.split_once(' ').map_or(path, |(begin, _)| begin);
        loop {
            if let Some(spot) = self.spots.get(path) {
                return *spot;
            }
            match path.rfind(['.', '[']) {
                Some(end) => path = &path[..end],
                None => return self.first,
            }
        }
    }
}

/// The places of all documents of a text, in order. A text that is not YAML
/// gives the documents before its first mistake.
pub(crate) fn places(text: &str) -> Vec<Places> {
    let mut walk = Walk { events: Parser::new_from_str(text), places: Places::default() };
    let mut documents = Vec::new();
    while let Some((event, span)) = walk.next() {
        match event {
            Event::DocumentStart(..) => walk.places = Places { first: Spot::of(&span), ..Places::default() },
            Event::DocumentEnd => documents.push(std::mem::take(&mut walk.places)),
            Event::StreamEnd => break,
            event => {
                walk.places.first = Spot::of(&span);
                if walk.node(event, "", 0).is_none() {
                    break;
                }
            }
        }
    }
    documents
}

struct Walk<'a> {
    events: Parser<'a, granit_parser::StrInput<'a>>,
    places: Places,
}

/// Deeper nesting is not looked into; nothing of ours is as deep.
const DEPTH: usize = 64;

impl<'a> Walk<'a> {
    fn next(&mut self) -> Option<(Event<'a>, Span)> {
        self.events.next()?.ok()
    }

    /// The rest of a node that began with `event`. `None` when the text ends before it.
    fn node(&mut self, event: Event<'a>, path: &str, depth: usize) -> Option<()> {
        match event {
            Event::MappingStart(..) if depth < DEPTH => self.mapping(path, depth),
            Event::SequenceStart(..) if depth < DEPTH => self.sequence(path, depth),
            Event::MappingStart(..) | Event::SequenceStart(..) => self.skip(),
            _ => Some(()),
        }
    }

    fn mapping(&mut self, path: &str, depth: usize) -> Option<()> {
        let mut keys = HashSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => return Some(()),
                Event::Comment(..) => continue,
                Event::Scalar(key, ..) => key.into_owned(),
                other => {
                    self.node(other, path, depth + 1)?;
                    "?".to_owned()
                }
            };
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let spot = Spot::of(&span);
            if !keys.insert(key) {
                self.places.doubled.push((inner.clone(), spot));
            }
            self.places.spots.entry(inner.clone()).or_insert(spot);
            let value = self.content()?;
            self.node(value, &inner, depth + 1)?;
        }
    }

    fn sequence(&mut self, path: &str, depth: usize) -> Option<()> {
        let mut index = 0usize;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::SequenceEnd => return Some(()),
                Event::Comment(..) => continue,
                event => {
                    let inner = format!("{path}[{index}]");
                    self.places.spots.entry(inner.clone()).or_insert(Spot::of(&span));
                    self.node(event, &inner, depth + 1)?;
                    index += 1;
                }
            }
        }
    }

    fn content(&mut self) -> Option<Event<'a>> {
        loop {
            match self.next()?.0 {
                Event::Comment(..) => {}
                event => return Some(event),
            }
        }
    }

    fn skip(&mut self) -> Option<()> {
        let mut open = 1usize;
        while open > 0 {
            match self.next()?.0 {
                Event::MappingStart(..) | Event::SequenceStart(..) => open += 1,
                Event::MappingEnd | Event::SequenceEnd => open -= 1,
                _ => {}
            }
        }
        Some(())
    }
}
