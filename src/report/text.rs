//! Cleaning and shortening of text that a test wrote.
//!
//! Cleaned text has no control characters but newline and tab, no terminal
//! sequences, and nothing that reorders what a reader sees.

/// How the escape character arrives in XML, where it may not stand: as itself,
/// as the text that pytest, surefire and others put in its place.
const ESCAPES: [&str; 6] = ["\u{1b}", "\u{241b}", "#x1B", "&#27;", "&amp#27;", "&#x1b;"];
const CUT: char = '…';
const MIDDLE: &str = "\n… the middle is left out …\n";

/// Cleans a text of several lines and cuts it to `max` bytes in its middle,
/// because Java puts the reason at the top of a trace and Python at its end.
pub(crate) fn block(raw: &str, max: usize) -> Option<String> {
    let clean = clean(raw);
    let trimmed = clean.trim_matches('\n').trim_end();
    (!trimmed.trim().is_empty()).then(|| cut_middle(trimmed, max))
}

/// Cleans a text of several lines and cuts its end off at `max` bytes.
pub(crate) fn lines(raw: &str, max: usize) -> Option<String> {
    let clean = clean(raw);
    let trimmed = clean.trim();
    (!trimmed.is_empty()).then(|| cut_end(trimmed, max))
}

/// Appends a suffix and stays within `max` bytes by cutting before it.
pub(crate) fn with_suffix(text: String, suffix: &str, max: usize) -> String {
    cut_end(&text, max.saturating_sub(suffix.len())) + suffix
}

/// Cleans a name: one line, no outer blanks, at most `max` bytes.
pub(crate) fn line(raw: &str, max: usize) -> Option<String> {
    let clean = clean(raw).replace(['\n', '\t'], " ");
    let trimmed = clean.trim();
    (!trimmed.is_empty()).then(|| cut_end(trimmed, max))
}

/// The first line that says something, at most `max` bytes.
pub(crate) fn first_line(raw: &str, max: usize) -> Option<String> {
    let clean = clean(raw);
    clean.lines().map(str::trim).find(|line| !line.is_empty()).map(|line| cut_end(line, max))
}

/// The first `length` bytes, of which is known that they are text.
pub(crate) fn valid(bytes: &[u8], length: usize) -> &str {
    std::str::from_utf8(&bytes[..length]).unwrap_or_default()
}

/// The largest index not above `at` where `text` may be cut.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// The smallest index not below `at` where `text` may be cut.
pub(crate) fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|&i| text.is_char_boundary(i)).unwrap_or(text.len())
}

fn cut_end(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut cut = text[..floor(text, max.saturating_sub(CUT.len_utf8()))].to_owned();
    cut.push(CUT);
    cut
}

fn cut_middle(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(MIDDLE.len());
    let head = floor(text, room / 8 * 5);
    let tail = ceil(text, text.len() - room / 8 * 3);
    format!("{}{MIDDLE}{}", &text[..head], &text[tail..])
}

fn clean(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        // Few characters begin a sequence in any spelling.
        let begins = matches!(first, '\u{1b}' | '\u{241b}' | '\u{9b}' | '#' | '&');
        if let Some(length) = begins.then(|| sequence(rest)).flatten() {
            rest = &rest[length..];
            continue;
        }
        rest = &rest[first.len_utf8()..];
        match first {
            '\r' if rest.starts_with('\n') => {}
            '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => out.push('\n'),
            '\n' | '\t' => out.push(first),
            _ if first.is_control() || reorders(first) => {}
            _ => out.push(first),
        }
    }
    out
}

/// Characters that change the direction of what follows, and the byte order mark.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The length of the terminal sequence at the start of `text`, if there is one.
fn sequence(text: &str) -> Option<usize> {
    if let Some(body) = text.strip_prefix('\u{9b}') {
        return Some(text.len() - body.len() + control_sequence(body));
    }
    let escape = ESCAPES.iter().find(|escape| text.starts_with(**escape))?;
    let body = &text[escape.len()..];
    let taken = match body.as_bytes().first() {
        Some(b'[') => 1 + control_sequence(&body[1..]),
        // The rest is taken only after a real escape character: these bytes
        // are common in honest text.
        Some(b']' | b'P' | b'X' | b'^' | b'_') if *escape == "\u{1b}" => 1 + string_sequence(&body[1..]),
        Some(b'(' | b')' | b'#' | b'%') if *escape == "\u{1b}" => {
            1 + usize::from(body.as_bytes().get(1).is_some_and(u8::is_ascii))
        }
        Some(0x30..=0x7e) if *escape == "\u{1b}" => 1,
        _ if *escape == "\u{1b}" => 0,
        _ => return None,
    };
    Some(escape.len() + taken)
}

/// Parameters, intermediates and the final byte after `ESC [`.
fn control_sequence(body: &str) -> usize {
    let parameters = body.bytes().take_while(|b| (0x20..=0x3f).contains(b)).take(64).count();
    let ended = body.as_bytes().get(parameters).is_some_and(|b| (0x40..=0x7e).contains(b));
    parameters + usize::from(ended)
}

/// Up to and with the terminator of an operating system command and its like;
/// no further than one line, so that an unclosed one does not eat the text.
fn string_sequence(body: &str) -> usize {
    for (at, c) in body.char_indices() {
        match c {
            '\u{7}' | '\u{9c}' => return at + c.len_utf8(),
            '\u{1b}' => return at + 1 + usize::from(body[at + 1..].starts_with('\\')),
            '\n' => return at,
            _ => {}
        }
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminal_sequences_go_in_every_spelling() {
        for (raw, want) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("#x1B[1;31mE  assert#x1B[0m", "E  assert"),
            ("&#27;[32mok&#27;[m", "ok"),
            ("␛[2mdim␛[22m", "dim"),
            ("\u{9b}31mred", "red"),
            ("a\u{1b}]0;title\u{7}b", "ab"),
            ("a\u{1b}]52;c;ZXZpbA==\u{1b}\\b", "ab"),
            ("a\u{1b}(Bb", "ab"),
            ("a\u{1b}cb", "ab"),
            ("end\u{1b}", "end"),
            ("end\u{1b}[", "end"),
            ("color #x1B here", "color #x1B here"),
            ("a\u{1b}ü", "aü"),
            ("\u{1b}(ü", "ü"),
        ] {
            assert_eq!(clean(raw), want, "{raw:?}");
        }
    }

    #[test]
    fn control_characters_and_direction_marks_go() {
        assert_eq!(clean("a\0b\u{8}c\r\nd\re\u{202e}f\u{7f}"), "abc\nd\nef");
        assert_eq!(line(" a\n\tb ", 99).as_deref(), Some("a  b"));
        assert_eq!(line(" \n", 99), None);
        assert_eq!(first_line("\n\n  why  \nmore", 99).as_deref(), Some("why"));
    }

    #[test]
    fn cuts_fall_on_characters() {
        let text = "ü".repeat(3000);
        for max in 64..90 {
            assert!(cut_end(&text, max).len() <= max);
            assert!(cut_middle(&text, max).len() <= max);
        }
        let long = format!("head{}tail", "x".repeat(20_000));
        let cut = block(&long, 8192).expect("text");
        assert!(cut.len() <= 8192 && cut.starts_with("head") && cut.ends_with("tail"), "{}", cut.len());
        assert!(cut.contains(MIDDLE));
    }
}
