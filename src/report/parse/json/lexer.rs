//! JSON cut into tokens of bounded length.
//!
//! It is lenient about commas and colons, because all it has to find out is
//! which value stands where.

use std::io::{self, Read};

use crate::parse::excerpt::Excerpt;
use crate::text;

const PIECE: usize = 16 * 1024;
/// Values that may be open at the same time.
const DEPTH: usize = 200;
/// The longest number or word that is looked at.
const WORD: usize = 64;

/// One token. A key comes before its value.
#[derive(Debug, PartialEq)]
pub(in crate::parse) enum Token {
    Open { list: bool },
    Close,
    Key(String),
    Text(String),
    Number(f64),
    Bool(bool),
    Null,
    End,
}

/// Why there is no further token.
#[derive(Debug)]
pub(in crate::parse) enum Stop {
    /// The text ends in the middle.
    Truncated,
    /// This is no JSON.
    Malformed,
    /// More values are open than can be followed.
    TooDeep,
    Read(io::Error),
}

/// The value around the next token.
#[derive(Debug)]
struct Frame {
    list: bool,
    key_next: bool,
}

/// The tokenizer. Its input has to be UTF-8.
pub(in crate::parse) struct Lexer<'r> {
    /// Where more comes from, until there is no more.
    inner: Option<&'r mut dyn Read>,
    piece: Vec<u8>,
    at: usize,
    open: Vec<Frame>,
}

impl<'r> Lexer<'r> {
    pub(in crate::parse) fn new(inner: &'r mut dyn Read) -> Self {
        Self { inner: Some(inner), piece: Vec::new(), at: 0, open: Vec::new() }
    }

    /// For a text that is there as a whole.
    pub(in crate::parse) fn of(text: &str) -> Self {
        Self { inner: None, piece: text.as_bytes().to_vec(), at: 0, open: Vec::new() }
    }

    /// The next token; [`Token::End`] when the text ends between two roots.
    pub(in crate::parse) fn next(&mut self) -> Result<Token, Stop> {
        let Some(byte) = self.significant()? else {
            return if self.open.is_empty() { Ok(Token::End) } else { Err(Stop::Truncated) };
        };
        let key = self.open.last().is_some_and(|frame| frame.key_next);
        match (byte, key) {
            (b'}' | b']', _) => return self.close(byte == b']', key),
            (b'"', true) => {
                self.at += 1;
                let name = self.string()?;
                self.expect_key(false);
                return Ok(Token::Key(name));
            }
            (_, true) => return Err(Stop::Malformed),
            _ => {}
        }
        let token = match byte {
            b'{' | b'[' => return self.begin(byte == b'['),
            b'"' => {
                self.at += 1;
                Token::Text(self.string()?)
            }
            b'-' | b'0'..=b'9' => Token::Number(self.word()?.parse().map_err(|_| Stop::Malformed)?),
            b'a'..=b'z' | b'A'..=b'Z' => match self.word()?.as_str() {
                "true" => Token::Bool(true),
                "false" => Token::Bool(false),
                // Some writers print what JSON has no number for.
                "null" | "NaN" | "Infinity" | "undefined" => Token::Null,
                _ => return Err(Stop::Malformed),
            },
            _ => return Err(Stop::Malformed),
        };
        self.expect_key(true);
        Ok(token)
    }

    fn begin(&mut self, list: bool) -> Result<Token, Stop> {
        if self.open.len() == DEPTH {
            return Err(Stop::TooDeep);
        }
        self.at += 1;
        self.open.push(Frame { list, key_next: !list });
        Ok(Token::Open { list })
    }

    fn close(&mut self, list: bool, key: bool) -> Result<Token, Stop> {
        match self.open.pop() {
            Some(frame) if frame.list == list && (list || key) => {
                self.at += 1;
                self.expect_key(true);
                Ok(Token::Close)
            }
            _ => Err(Stop::Malformed),
        }
    }

    /// In a map, says whether a key comes next.
    fn expect_key(&mut self, key: bool) {
        if let Some(frame) = self.open.last_mut() {
            frame.key_next = key && !frame.list;
        }
    }

    /// The next byte, not taken; none at the end.
    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        if self.at == self.piece.len() {
            self.refill()?;
        }
        Ok(self.piece.get(self.at).copied())
    }

    fn refill(&mut self) -> Result<(), Stop> {
        let Some(inner) = &mut self.inner else { return Ok(()) };
        self.piece.resize(PIECE, 0);
        let length = loop {
            match inner.read(&mut self.piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(Stop::Read)?,
            }
        };
        self.piece.truncate(length);
        self.at = 0;
        if length == 0 {
            self.inner = None;
        }
        Ok(())
    }

    fn bump(&mut self) -> Result<u8, Stop> {
        let byte = self.peek()?.ok_or(Stop::Truncated)?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte that means something, not taken.
    fn significant(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | 0x1e) => self.at += 1,
                other => return Ok(other),
            }
        }
    }

    /// A number or a word.
    fn word(&mut self) -> Result<String, Stop> {
        let mut word = String::new();
        while let Some(byte @ (b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.')) = self.peek()? {
            self.at += 1;
            if word.len() < WORD {
                word.push(char::from(byte));
            }
        }
        // A number at the very end may have lost its last digits.
        if self.peek()?.is_none() && !self.open.is_empty() {
            return Err(Stop::Truncated);
        }
        Ok(word)
    }

    /// A string, after its first quote: the beginning and the end of it, if it is long.
    fn string(&mut self) -> Result<String, Stop> {
        let mut excerpt = Excerpt::default();
        let mut carry = Vec::new();
        loop {
            if self.peek()?.is_none() {
                return Err(Stop::Truncated);
            }
            let rest = &self.piece[self.at..];
            let length = rest.iter().position(|b| matches!(b, b'"' | b'\\')).unwrap_or(rest.len());
            push(&mut excerpt, &mut carry, &rest[..length]);
            self.at += length;
            match self.piece.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(excerpt.into_text());
                }
                Some(_) => {
                    self.at += 1;
                    self.escape(&mut excerpt)?;
                }
                None => {}
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut Excerpt) -> Result<(), Stop> {
        let c = match self.bump()? {
            b'n' => '\n',
            b't' => '\t',
            b'r' => '\r',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => return self.unicode(out),
            other if other.is_ascii() => char::from(other),
            // The rest of the character follows; it was no escape.
            _ => {
                self.at -= 1;
                return Ok(());
            }
        };
        out.push(c.encode_utf8(&mut [0; 4]));
        Ok(())
    }

    /// `\uXXXX`, perhaps the first half of two; a lonely half stands for U+FFFD.
    fn unicode(&mut self, out: &mut Excerpt) -> Result<(), Stop> {
        let mut units = [self.unit()?; 2];
        let mut count = 1;
        if (0xd800..0xdc00).contains(&units[0]) && self.peek()? == Some(b'\\') {
            self.at += 1;
            if self.peek()? != Some(b'u') {
                out.push("\u{fffd}");
                return self.escape(out);
            }
            self.at += 1;
            units[1] = self.unit()?;
            count = 2;
        }
        for decoded in char::decode_utf16(units[..count].iter().copied()) {
            out.push(decoded.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut [0; 4]));
        }
        Ok(())
    }

    fn unit(&mut self) -> Result<u16, Stop> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.bump()?).to_digit(16).ok_or(Stop::Malformed)?;
            unit = unit * 16 + u16::try_from(digit).map_err(|_| Stop::Malformed)?;
        }
        Ok(unit)
    }
}

/// Appends bytes whose last character may end in the next piece.
fn push(excerpt: &mut Excerpt, carry: &mut Vec<u8>, bytes: &[u8]) {
    let joined;
    let mut rest = bytes;
    if !carry.is_empty() {
        carry.extend_from_slice(bytes);
        joined = std::mem::take(carry);
        rest = &joined;
    }
    match std::str::from_utf8(rest) {
        Ok(whole) => excerpt.push(whole),
        Err(error) => {
            excerpt.push(text::valid(rest, error.valid_up_to()));
            carry.extend_from_slice(&rest[error.valid_up_to()..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> (Vec<Token>, Option<Stop>) {
        let mut lexer = Lexer::of(text);
        let mut tokens = Vec::new();
        loop {
            match lexer.next() {
                Ok(Token::End) => return (tokens, None),
                Ok(token) => tokens.push(token),
                Err(stop) => return (tokens, Some(stop)),
            }
        }
    }

    #[test]
    fn values() {
        let (list, stop) = tokens(r#" {"a": [1, -2.5e1, true, null, NaN], "b": {}} "c" "#);
        assert!(stop.is_none());
        assert_eq!(
            list,
            [
                Token::Open { list: false },
                Token::Key("a".into()),
                Token::Open { list: true },
                Token::Number(1.0),
                Token::Number(-25.0),
                Token::Bool(true),
                Token::Null,
                Token::Null,
                Token::Close,
                Token::Key("b".into()),
                Token::Open { list: false },
                Token::Close,
                Token::Close,
                Token::Text("c".into()),
            ]
        );
    }

    #[test]
    fn strings() {
        for (raw, want) in [
            (r#""a\n\"\\\/ü🎉""#, "a\n\"\\/ü🎉"),
            (r#""\u00fc\ud83c\udf89""#, "ü🎉"),
            (r#""\ud83c-\udf89\ud83c\n\ud83c\u0041""#, "\u{fffd}-\u{fffd}\u{fffd}\n\u{fffd}A"),
            (r#""\ü""#, "ü"),
        ] {
            assert_eq!(tokens(raw).0, [Token::Text(want.into())], "{raw}");
        }
        let long = format!("\"{}ü\"", "ü".repeat(100_000));
        let (list, _) = tokens(&long);
        assert!(matches!(&list[..], [Token::Text(text)] if text.len() < 100_000 && text.ends_with('ü')));
    }

    #[test]
    fn where_it_ends() {
        for (text, why) in [
            ("{\"a\": 1", "Truncated"),
            ("[\"a", "Truncated"),
            ("[\"\\u00", "Truncated"),
            ("[12", "Truncated"),
            ("{1: 2}", "Malformed"),
            ("{\"a\"}", "Malformed"),
            ("[1}", "Malformed"),
            ("]", "Malformed"),
            ("[--1]", "Malformed"),
            ("[yes]", "Malformed"),
            ("\u{0}", "Malformed"),
            ("<a/>", "Malformed"),
        ] {
            assert_eq!(tokens(text).1.map(|stop| format!("{stop:?}")).as_deref(), Some(why), "{text}");
        }
        assert!(matches!(tokens(&"[".repeat(1_000_000)).1, Some(Stop::TooDeep)));
    }
}
