//! Where each field of a YAML document stands, and which keys are there twice.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, Span};

/// The lines of one document.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// First line of the document's content.
    pub(crate) first: usize,
    lines: HashMap<String, usize>,
    /// Keys that stand in one mapping more than once, with the line of the repetition.
    pub(crate) doubled: Vec<(String, usize)>,
}

impl Places {
    /// The line of a field; of the nearest field around it when it is not there.
    pub(crate) fn line(&self, path: &str) -> usize {
        let mut path = path;
        loop {
            if let Some(line) = self.lines.get(path) {
                return *line;
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
            Event::DocumentStart(..) => walk.places = Places { first: span.start.line(), ..Places::default() },
            Event::DocumentEnd => documents.push(std::mem::take(&mut walk.places)),
            Event::StreamEnd => break,
            event => {
                walk.places.first = span.start.line();
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
            let line = span.start.line();
            if !keys.insert(key) {
                self.places.doubled.push((inner.clone(), line));
            }
            self.places.lines.entry(inner.clone()).or_insert(line);
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
                    self.places.lines.entry(inner.clone()).or_insert(span.start.line());
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
