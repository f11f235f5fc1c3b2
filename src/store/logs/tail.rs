//! The last lines of a log as text for people.

use assay_protocol::frame::decode;

use super::ending::Ending;

/// The end of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The last lines, without terminal sequences and control characters.
    pub text: String,
    /// Bytes that were printed in all.
    pub total_bytes: u64,
}

/// Merges the ends of all streams by time and keeps the last `max_bytes`.
pub(super) fn render(endings: &[Ending], max_bytes: usize) -> Tail {
    let mut frames = Vec::new();
    for ending in endings {
        let mut rest = ending.bytes.as_slice();
        while let Ok((frame, length)) = decode(rest) {
            frames.push(frame);
            rest = &rest[length..];
        }
    }
    frames.sort_by_key(|frame| frame.header.time_ns);
    // Sequences and odd bytes shrink, so take more than is kept.
    let wanted = max_bytes.saturating_mul(4);
    let mut first = frames.len();
    let mut bytes = 0;
    while first > 0 && bytes < wanted {
        first -= 1;
        bytes += frames[first].payload.len();
    }
    let payload: Vec<u8> = frames[first..].iter().flat_map(|frame| frame.payload).copied().collect();
    let text = plain(&String::from_utf8_lossy(&payload));
    let total_bytes = endings.iter().map(|ending| ending.payload).sum();
    Tail { text: last_lines(&text, max_bytes).to_owned(), total_bytes }
}

/// The end of a text, from the start of a line if there is one within the limit.
fn last_lines(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let mut from = text.len() - max_bytes;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let cut = &text[from..];
    match cut.split_once('\n') {
        Some((_, rest)) if !rest.is_empty() && !text[..from].ends_with('\n') => rest,
        _ => cut,
    }
}

/// Drops terminal sequences and control characters other than line feed and tab.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\u{1b}' => match rest.peek() {
                Some('[') => {
                    rest.next();
                    while rest.next().is_some_and(|part| !('@'..='~').contains(&part)) {}
                }
                Some(']' | 'P' | '^' | '_') => {
                    while rest.next_if(|part| !matches!(part, '\u{7}' | '\u{1b}' | '\n')).is_some() {}
                }
                _ => {
                    rest.next_if(|part| *part != '\n');
                }
            },
            '\n' | '\t' => out.push(character),
            other if other.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{last_lines, plain};

    #[test]
    fn terminal_sequences_are_dropped() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m\r\n\u{1b}]0;title\u{7}a\tb\u{9b}c"), "red\na\tbc");
        assert_eq!(plain("cut \u{1b}["), "cut ");
    }

    #[test]
    fn the_end_begins_with_a_line() {
        assert_eq!(last_lines("one\ntwo\nthree\n", 8), "three\n");
        assert_eq!(last_lines("one\ntwo\n", 4), "two\n");
        assert_eq!(last_lines("ääää", 3), "ä");
        assert_eq!(last_lines("abcdef", 3), "def");
    }
}
