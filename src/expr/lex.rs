//! Text to tokens. What is no token becomes a diagnostic, and reading goes on
//! behind it.

use crate::diagnostic::{Diagnostic, Fault, Span};
use crate::limits::{LONGEST, MOST_PARTS};
use crate::number::Number;

const ESCAPES: &str = r#"write one of \" \' \\ \/ \n \r \t \b \f \uXXXX"#;

/// A piece of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A dotted name; a part is a word, a number or `*`.
    Name(Vec<String>),
    /// `.part` after something that is not a name.
    Property(String),
    Number(Number),
    Text(String),
    /// A sign of the language, such as `&&` or `(`.
    Sign(&'static str),
}

/// Longer signs come before their beginnings.
const SIGNS: [&str; 29] = [
    "...", "&&", "||", "??", "==", "!=", "<>", ">=", "<=", "**", "=", ">", "<", "+", "-", "*", "/", "%", "!", "?", ":",
    "(", ")", "[", "]", "{", "}", ",", ".",
];

/// What people write, coming from other languages.
const MISTAKES: [(&str, &str); 7] = [
    ("===", "write `==`"),
    ("=~", "write `matches(text, pattern)`"),
    ("&", "write `&&`"),
    ("|", "write `||`, or a function around the value"),
    ("$", "write names without `$`"),
    ("`", "write text in \"double\" or 'single' quotes"),
    (";", "remove it: an expression is one value"),
];

/// All tokens of a text with their places.
pub(crate) fn tokens(source: &str) -> (Vec<(Token, Span)>, Vec<Diagnostic>) {
    let mut lexer = Lexer { source, at: 0, tokens: Vec::new(), diagnostics: Vec::new() };
    if source.len() > LONGEST {
        let message = format!("the expression has {} bytes, and at most {LONGEST} are read", source.len());
        let fault = Fault::new(message, "move the text out of the expression");
        lexer.diagnostics.push(fault.at(Span::new(0, source.len())));
        return (lexer.tokens, lexer.diagnostics);
    }
    while lexer.step() {}
    (lexer.tokens, lexer.diagnostics)
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    tokens: Vec<(Token, Span)>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Reads one token; `false` at the end.
    fn step(&mut self) -> bool {
        self.skip(char::is_whitespace);
        let start = self.at;
        let Some(first) = self.rest().chars().next() else { return false };
        let token = match first {
            '"' | '\'' => self.quoted(first),
            '0'..='9' => self.number(),
            _ if is_word_start(first) => self.name(),
            '.' if !self.rest().starts_with("...") => self.property(),
            _ => self.sign(first),
        };
        let span = Span::new(start, self.at);
        match token {
            Ok(token) => self.tokens.push((token, span)),
            Err(fault) => self.diagnostics.push(fault.at(span)),
        }
        true
    }

    fn skip(&mut self, matching: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.len() - rest.trim_start_matches(matching).len();
        self.at += length;
        &rest[..length]
    }

    fn name(&mut self) -> Result<Token, Fault> {
        let first = self.skip(is_word).to_owned();
        let mut parts = vec![first];
        if matches!(parts[0].as_str(), "true" | "false" | "null") {
            return Ok(Token::Name(parts));
        }
        while let Some(part) = self.part() {
            parts.push(part);
        }
        if parts.len() > MOST_PARTS {
            let message = format!("the name has {} parts, and at most {MOST_PARTS} are read", parts.len());
            return Err(Fault::new(message, "write a shorter name"));
        }
        Ok(Token::Name(parts))
    }

    /// `.part`, with white space around the dot; nothing is read when there is none.
    fn part(&mut self) -> Option<String> {
        let start = self.at;
        self.skip(char::is_whitespace);
        if self.rest().starts_with('.') && !self.rest().starts_with("...") {
            self.at += 1;
            self.skip(char::is_whitespace);
            let word = self.skip(is_word);
            if !word.is_empty() {
                return Some(word.to_owned());
            }
            if self.rest().starts_with('*') {
                self.at += 1;
                return Some("*".to_owned());
            }
        }
        self.at = start;
        None
    }

    fn property(&mut self) -> Result<Token, Fault> {
        if let Some(part) = self.part() {
            return Ok(Token::Property(part));
        }
        self.at += 1;
        Err(Fault::new("no name follows the dot", "write a name behind it, as in `a.b`, or `[\"a-b\"]` for other keys"))
    }

    fn number(&mut self) -> Result<Token, Fault> {
        let start = self.at;
        self.skip(|c| c.is_ascii_digit());
        let mut after = self.rest().chars();
        if after.next() == Some('.') && after.next().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            self.skip(|c| c.is_ascii_digit());
        }
        self.exponent();
        let tail = self.skip(is_word);
        let text = &self.source[start..self.at];
        let hint = "write a number such as `5`, `1.5` or `2e3`, or text in quotes";
        match Number::parse(text) {
            Some(number) if tail.is_empty() => Ok(Token::Number(number)),
            _ => Err(Fault::new(format!("`{}` is not a number", excerpt(text)), hint)),
        }
    }

    fn exponent(&mut self) {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix(['e', 'E']) else { return };
        let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            self.at += rest.len() - digits.len();
            self.skip(|c| c.is_ascii_digit());
        }
    }

    fn sign(&mut self, first: char) -> Result<Token, Fault> {
        let mistake = MISTAKES.iter().find(|(wrong, _)| self.rest().starts_with(wrong));
        let sign = SIGNS.into_iter().find(|sign| self.rest().starts_with(sign));
        match (mistake, sign) {
            (Some((wrong, hint)), sign) if sign.is_none_or(|sign| sign.len() < wrong.len()) => {
                self.at += wrong.len();
                Err(Fault::new(format!("`{wrong}` is not part of an expression"), *hint))
            }
            (_, Some(sign)) => {
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
            _ => {
                self.at += first.len_utf8();
                let hint = "remove it, or write text in \"double\" or 'single' quotes";
                Err(Fault::new(format!("`{first}` is not part of an expression"), hint))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Token, Fault> {
        self.at += 1;
        let mut text = String::new();
        let mut fault = None;
        let mut letters = self.rest().char_indices();
        let start = self.at;
        while let Some((offset, letter)) = letters.next() {
            if letter == quote {
                self.at = start + offset + 1;
                return fault.map_or(Ok(Token::Text(text)), Err);
            }
            if letter != '\\' {
                text.push(letter);
                continue;
            }
            match escape(&mut letters) {
                Ok(letter) => text.push(letter),
                Err(wrong) => fault = fault.or(Some(wrong)),
            }
        }
        self.at = self.source.len();
        Err(Fault::new("the text has no end", format!("close it with `{quote}`")))
    }
}

/// The letter of an escape whose backslash was read.
fn escape(letters: &mut std::str::CharIndices<'_>) -> Result<char, Fault> {
    let Some((_, letter)) = letters.next() else { return Err(Fault::new("nothing follows `\\`", ESCAPES)) };
    match letter {
        '"' | '\'' | '\\' | '/' => Ok(letter),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'b' => Ok('\u{8}'),
        'f' => Ok('\u{c}'),
        'u' => {
            let first = hexadecimal(letters)?;
            let code = match first {
                0xd800..=0xdbff => 0x10000 + ((first - 0xd800) << 10) + low_surrogate(letters)?,
                _ => first,
            };
            char::from_u32(code).ok_or_else(|| Fault::new("`\\u` names no character", ESCAPES))
        }
        other => Err(Fault::new(format!("`\\{other}` is not an escape"), ESCAPES)),
    }
}

fn hexadecimal(letters: &mut std::str::CharIndices<'_>) -> Result<u32, Fault> {
    let mut code = 0;
    for _ in 0..4 {
        let digit = letters.clone().next().and_then(|(_, letter)| letter.to_digit(16));
        let Some(digit) = digit else { return Err(Fault::new("`\\u` needs four hexadecimal digits", ESCAPES)) };
        letters.next();
        code = code * 16 + digit;
    }
    Ok(code)
}

/// The second half of a character that JSON writes as two.
fn low_surrogate(letters: &mut std::str::CharIndices<'_>) -> Result<u32, Fault> {
    let rest = letters.as_str();
    if rest.starts_with("\\u") {
        letters.next();
        letters.next();
        if let code @ 0xdc00..=0xdfff = hexadecimal(letters)? {
            return Ok(code - 0xdc00);
        }
    }
    Err(Fault::new("`\\u` names half a character", ESCAPES))
}

/// A text of a message, shortened.
pub(crate) fn excerpt(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn is_word_start(letter: char) -> bool {
    letter.is_ascii_alphabetic() || letter == '_'
}

/// Whether the letter can stand in a part of a name.
pub(crate) fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}
