//! A JSON value as a whole, of bounded size.

use super::lexer::{Lexer, Stop, Token};
use crate::parse::number;
use crate::{limits, text};

/// Values in one tree.
const NODES: usize = 50_000;
/// Bytes of text in one tree.
const TEXT: usize = 4 * 1024 * 1024;

/// A JSON value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::parse) enum Tree {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

impl Tree {
    /// The value that begins with `first`. Members with a name in `skip`, and
    /// what is too much, are left out; the latter sets the flag.
    pub(in crate::parse) fn build(
        lexer: &mut Lexer<'_>,
        first: Token,
        skip: &[&str],
        cut: &mut bool,
    ) -> Result<Self, Stop> {
        let mut room = Room { nodes: NODES, text: TEXT, skip };
        let tree = room.value(lexer, first)?;
        *cut |= room.nodes == 0 || room.text == 0;
        Ok(tree)
    }

    /// The value of a whole text; none if it is not one.
    pub(in crate::parse) fn parse(text: &str, skip: &[&str], cut: &mut bool) -> Option<Self> {
        let mut lexer = Lexer::of(text);
        let first = lexer.next().ok()?;
        Self::build(&mut lexer, first, skip, cut).ok().filter(|_| matches!(lexer.next(), Ok(Token::End)))
    }

    /// A member; null if there is none.
    pub(in crate::parse) fn get(&self, name: &str) -> &Tree {
        const NULL: &Tree = &Tree::Null;
        match self {
            Self::Map(members) => members.iter().find(|(key, _)| key == name).map_or(NULL, |(_, value)| value),
            _ => NULL,
        }
    }

    /// The values of a list or a map.
    pub(in crate::parse) fn items(&self) -> Vec<&Tree> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Map(members) => members.iter().map(|(_, value)| value).collect(),
            _ => Vec::new(),
        }
    }

    /// The members of a map.
    pub(in crate::parse) fn members(&self) -> &[(String, Tree)] {
        match self {
            Self::Map(members) => members,
            _ => &[],
        }
    }

    pub(in crate::parse) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(in crate::parse) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    /// The text, empty if this is none.
    pub(in crate::parse) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    pub(in crate::parse) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A count; no count is below zero, and none above what can be counted.
    pub(in crate::parse) fn count(&self) -> Option<u32> {
        self.number().and_then(number::whole)
    }

    /// Seconds, of a number of which so many are one second.
    pub(in crate::parse) fn seconds(&self, unit: f64) -> Option<f64> {
        self.number().and_then(|value| number::bounded(value / unit).0)
    }

    /// A name in one line.
    pub(in crate::parse) fn line(&self) -> Option<String> {
        text::line(self.text(), limits::NAME)
    }

    /// A message.
    pub(in crate::parse) fn message(&self) -> Option<String> {
        text::lines(self.text(), limits::MESSAGE)
    }

    /// Details.
    pub(in crate::parse) fn details(&self) -> Option<String> {
        text::block(self.text(), limits::DETAILS)
    }
}

struct Room<'s> {
    nodes: usize,
    text: usize,
    skip: &'s [&'s str],
}

impl Room<'_> {
    /// Nested no deeper than the lexer allows.
    fn value(&mut self, lexer: &mut Lexer<'_>, first: Token) -> Result<Tree, Stop> {
        Ok(match first {
            Token::Open { list: true } => self.list(lexer)?,
            Token::Open { list: false } => self.map(lexer)?,
            Token::Text(text) => {
                self.text = self.text.saturating_sub(text.len());
                Tree::Text(if self.text > 0 { text } else { String::new() })
            }
            Token::Number(number) => Tree::Number(number),
            Token::Bool(value) => Tree::Bool(value),
            Token::Null => Tree::Null,
            Token::Key(_) | Token::Close | Token::End => return Err(Stop::Malformed),
        })
    }

    fn list(&mut self, lexer: &mut Lexer<'_>) -> Result<Tree, Stop> {
        let mut items = Vec::new();
        loop {
            match lexer.next()? {
                Token::Close => return Ok(Tree::List(items)),
                first if self.take() => items.push(self.value(lexer, first)?),
                first => pass(lexer, &first)?,
            }
        }
    }

    fn map(&mut self, lexer: &mut Lexer<'_>) -> Result<Tree, Stop> {
        let mut members = Vec::new();
        loop {
            let Token::Key(key) = lexer.next()? else { return Ok(Tree::Map(members)) };
            let first = lexer.next()?;
            if self.skip.contains(&key.as_str()) || !self.take() {
                pass(lexer, &first)?;
            } else {
                self.text = self.text.saturating_sub(key.len());
                let value = self.value(lexer, first)?;
                if self.text > 0 {
                    members.push((key, value));
                }
            }
        }
    }

    fn take(&mut self) -> bool {
        self.nodes = self.nodes.saturating_sub(1);
        self.nodes > 0
    }
}

/// Goes past a value that is not kept.
fn pass(lexer: &mut Lexer<'_>, first: &Token) -> Result<(), Stop> {
    let mut open = usize::from(matches!(first, Token::Open { .. }));
    while open > 0 {
        match lexer.next()? {
            Token::Open { .. } => open += 1,
            Token::Close => open -= 1,
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_their_kinds() {
        let tree = Tree::parse(r#"{"a": {"b": [1, "x"]}, "big": [[1]], "c": -1, "d": 1e99}"#, &["big"], &mut false);
        let tree = tree.expect("JSON");
        assert_eq!(tree.get("a").get("b").items()[1].text(), "x");
        assert!(tree.get("big").is_null() && tree.get("none").get("more").is_null());
        assert_eq!((tree.get("c").count(), tree.get("d").count()), (None, Some(u32::MAX)));
        assert_eq!((tree.get("c").seconds(1000.0), tree.get("d").seconds(1000.0)), (Some(0.0), None));
        assert!(Tree::parse("{} x", &[], &mut false).is_none());
    }

    #[test]
    fn a_tree_has_a_size() {
        let mut cut = false;
        let wide = format!("{{\"a\": [{}], \"b\": 1}}", "1,".repeat(NODES + 10));
        let tree = Tree::parse(&wide, &[], &mut cut).expect("JSON");
        assert!(cut && tree.get("a").items().len() < NODES);
        let mut cut = false;
        let long = format!("[{}]", format!("\"{}\",", "x".repeat(10_000)).repeat(1000));
        let tree = Tree::parse(&long, &[], &mut cut).expect("JSON");
        let kept: usize = tree.items().iter().map(|item| item.text().len()).sum();
        assert!(cut && kept <= TEXT);
    }
}
