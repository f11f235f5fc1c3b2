//! A JSON document from its beginning to its end, without holding it.

use std::io::BufRead;

use super::lexer::{Lexer, Stop, Token};
use super::tree::Tree;
use crate::model::WarningCode;
use crate::parse::collector::Collector;
use crate::parse::error::ParseError;
use crate::parse::intake::Intake;

/// What a format looks for in a document. A path names the keys from the root
/// to a value; `*` stands for an item of a list.
pub(in crate::parse) trait Shape<'l> {
    fn collector(&mut self) -> &mut Collector<'l>;
    /// Is this value wanted as a whole?
    fn wants(&self, path: &[String]) -> bool;
    /// A value that was wanted.
    fn take(&mut self, path: &[String], value: Tree);
    /// A list or map that was not wanted as a whole begins.
    fn open(&mut self, _path: &[String]) {}
    /// It ends.
    fn close(&mut self, _path: &[String]) {}
    /// Members of wanted values that are left out.
    fn skip(&self) -> &'static [&'static str] {
        &[]
    }
}

/// Is the path this one? `?` stands for any key or item.
pub(in crate::parse) fn is(path: &[String], pattern: &[&str]) -> bool {
    path.len() == pattern.len() && path.iter().zip(pattern).all(|(key, want)| *want == "?" || key == want)
}

/// Reads a document and warns of what is wrong with it.
pub(in crate::parse) fn read<'l>(reader: &mut dyn BufRead, shape: &mut dyn Shape<'l>) -> Result<(), ParseError> {
    let mut intake = Intake::plain(reader);
    let mut cut = false;
    let stop = walk(&mut Lexer::new(&mut intake), &mut |step| follow(shape, step, &mut cut));
    let mut notes = intake.notes();
    if !notes.substance {
        return Err(ParseError::Empty);
    }
    notes.cut |= cut;
    shape.collector().warn_of(notes);
    match stop {
        Ok(()) => {}
        Err(Stop::Read(error)) => return Err(ParseError::Read(error)),
        Err(Stop::Truncated) => shape.collector().warn(WarningCode::Truncated, "the report ends in the middle"),
        Err(Stop::Malformed) => {
            let words = "the report is no JSON from some place on; what comes after it was not read";
            shape.collector().warn(WarningCode::Malformed, words);
        }
        Err(Stop::TooDeep) => {
            let words = "the report is nested too deeply; what comes after that was not read";
            shape.collector().warn(WarningCode::LimitReached, words);
        }
    }
    Ok(())
}

/// A step of the walk.
pub(in crate::parse) enum Step<'a, 'r> {
    /// A value begins; true if it was read to its end.
    Value(&'a [String], &'a mut Lexer<'r>, &'a mut Option<Token>),
    /// A list or map ended.
    Close(&'a [String]),
}

fn follow<'l>(shape: &mut dyn Shape<'l>, step: Step<'_, '_>, cut: &mut bool) -> Result<(), Stop> {
    match step {
        Step::Value(path, lexer, first) if shape.wants(path) => {
            let first = first.take().unwrap_or(Token::Null);
            let value = Tree::build(lexer, first, shape.skip(), cut)?;
            shape.take(path, value);
        }
        Step::Value(path, _, Some(Token::Open { .. })) => shape.open(path),
        Step::Value(..) => {}
        Step::Close(path) => shape.close(path),
    }
    Ok(())
}

/// Walks through all values. A visitor that takes the first token of a value
/// has to read the rest of it too.
pub(in crate::parse) fn walk(
    lexer: &mut Lexer<'_>,
    visit: &mut dyn FnMut(Step<'_, '_>) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let mut path: Vec<String> = Vec::new();
    loop {
        match lexer.next()? {
            Token::End => return Ok(()),
            Token::Key(key) => {
                if let Some(last) = path.last_mut() {
                    *last = key;
                }
            }
            Token::Close => {
                path.pop();
                visit(Step::Close(&path))?;
            }
            token => {
                let mut first = Some(token);
                visit(Step::Value(&path, lexer, &mut first))?;
                if let Some(Token::Open { list }) = first {
                    path.push(if list { "*".to_owned() } else { String::new() });
                }
            }
        }
    }
}
