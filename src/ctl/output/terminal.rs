//! Everything that a test prints is attacker text. A terminal obeys escape
//! sequences: it can be renamed, cleared, made to write into the clipboard, or
//! to show something else than was printed. Only colours are let through.

/// Strips a stream of text piece by piece; a sequence may be cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Stripper {
    state: State,
    /// Parameters of a sequence that may turn out to be a colour.
    parameters: String,
    coloured: bool,
    after_return: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Escape,
    /// `ESC [`, while it may still be a colour.
    Control,
    /// `ESC [` that is no colour.
    Ignored,
    /// `ESC ]` and the like, up to BEL or `ESC \`.
    Message,
    MessageEscape,
}

/// A colour longer than this is none.
const PARAMETERS: usize = 64;

impl Stripper {
    /// The next piece, without what a terminal would obey.
    pub(crate) fn push(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for character in text.chars() {
            self.take(character, &mut out);
        }
        out
    }

    /// What ends the colours that are still on.
    pub(crate) fn end(&mut self) -> &'static str {
        self.state = State::Text;
        if std::mem::take(&mut self.coloured) { "\x1b[0m" } else { "" }
    }

    fn take(&mut self, character: char, out: &mut String) {
        match (self.state, character) {
            // A line end ends every sequence, so that nothing can hide what follows.
            (_, '\n') => {
                self.state = State::Text;
                self.after_return = false;
                out.push('\n');
            }
            (State::Text, _) => self.text(character, out),
            (State::Escape, '[') => {
                self.state = State::Control;
                self.parameters.clear();
            }
            (State::Escape, ']' | 'P' | 'X' | '^' | '_') => self.state = State::Message,
            // Two-character sequences with an intermediate, for example `ESC ( B`.
            (State::Escape, ' '..='/') => {}
            (State::Escape, '\x1b') => {}
            (State::Escape, _) => self.state = State::Text,
            (State::Control, 'm') => {
                self.state = State::Text;
                self.coloured = !matches!(self.parameters.as_str(), "" | "0");
                out.push_str("\x1b[");
                out.push_str(&self.parameters);
                out.push('m');
            }
            (State::Control, '0'..='9' | ';' | ':') if self.parameters.len() < PARAMETERS => {
                self.parameters.push(character);
            }
            (State::Control | State::Ignored, '\x1b') => self.state = State::Escape,
            (State::Control | State::Ignored, '@'..='~') => self.state = State::Text,
            (State::Control, _) => self.state = State::Ignored,
            (State::Ignored, _) => {}
            (State::Message, '\x07' | '\u{9c}') => self.state = State::Text,
            (State::Message, '\x1b') => self.state = State::MessageEscape,
            (State::Message, _) => {}
            (State::MessageEscape, '\\') => self.state = State::Text,
            (State::MessageEscape, _) => self.state = State::Message,
        }
    }

    fn text(&mut self, character: char, out: &mut String) {
        let returned = std::mem::take(&mut self.after_return);
        match character {
            '\x1b' => self.state = State::Escape,
            // The eight-bit forms of `ESC [` and `ESC ]`.
            '\u{9b}' => {
                self.state = State::Control;
                self.parameters.clear();
            }
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => self.state = State::Message,
            // A return would let later text paint over earlier: a progress bar gets lines instead.
            '\r' => self.after_return = true,
            '\t' => out.push('\t'),
            _ if character.is_control() || turns_around(character) => {}
            _ => {
                if returned {
                    out.push('\n');
                }
                out.push(character);
            }
        }
    }
}

/// Characters that make following text run the other way.
fn turns_around(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
}

/// A whole text, its colours ended.
pub(crate) fn strip(text: &str) -> String {
    let mut stripper = Stripper::default();
    let mut out = stripper.push(text);
    out.push_str(stripper.end());
    out
}

/// A text for one line of ours: no colours, no line ends.
pub(crate) fn plain(text: &str) -> String {
    let mut stripper = Stripper::default();
    let text: String = stripper.push(text).replace(['\n', '\t'], " ");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find('\x1b') {
        out.push_str(&rest[..start]);
        let end = rest[start..].find('m').map_or(rest.len(), |end| start + end + 1);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_and_colours_remain() {
        for (text, expected) in [
            ("plain ä 日本\n", "plain ä 日本\n"),
            ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
            ("\x1b[1;38:5:9mx", "\x1b[1;38:5:9mx\x1b[0m"),
            ("\x1b[2Jcleared", "cleared"),
            ("\x1b[?25lhidden", "hidden"),
            ("\x1b[>4;1mno colour", "no colour"),
            ("a\x1b[10;10Hb", "ab"),
            ("\x1b]0;title\x07x", "x"),
            ("\x1b]52;c;ZXZpbA==\x1b\\x", "x"),
            ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"),
            ("\x1bPq#0\x1b\\x", "x"),
            ("\x1b(Bx\x1bcy", "xy"),
            ("\u{9b}2Jx\u{9d}0;t\u{9c}y", "xy"),
            ("\x1b]0;never ends\nnext", "\nnext"),
            ("\x1b[\nnext", "\nnext"),
            ("a\x08\x08b\x07\x00\x7f", "ab"),
            ("10%\r20%\r\nok", "10%\n20%\nok"),
            ("tab\tx", "tab\tx"),
            ("a\u{202e}b\u{2066}c", "abc"),
            ("\x1b\x1b[31mx\x1b[m", "\x1b[31mx\x1b[m"),
        ] {
            assert_eq!(strip(text), expected, "{text:?}");
        }
    }

    #[test]
    fn it_does_not_matter_where_a_text_is_cut() {
        let text = "a\x1b[31mb\x1b]0;t\x07c\x1b[2Jd\r\ne\rf\x1b[0m";
        let whole = Stripper::default().push(text);
        for cut in text.char_indices().map(|(at, _)| at) {
            let mut stripper = Stripper::default();
            let pieces = stripper.push(&text[..cut]) + &stripper.push(&text[cut..]);
            assert_eq!(pieces, whole, "cut at {cut}");
        }
    }

    #[test]
    fn what_remains_has_no_other_escape() {
        let parts = ["\x1b", "[", "]", "31", "m", "J", "\x07", "\\", "x", "\n", "\u{9b}", ";", "P"];
        let mut seed = 1u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(parts[usize::try_from(seed >> 33).unwrap_or(0) % parts.len()]);
            }
            let out = strip(&text);
            for (at, _) in out.match_indices('\x1b') {
                let rest = out[at + 1..].strip_prefix('[').expect("a colour");
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';' && c != ':').expect("an end");
                assert_eq!(&rest[end..=end], "m", "{text:?} became {out:?}");
            }
        }
    }

    #[test]
    fn our_own_lines_stay_one_line() {
        assert_eq!(plain("a\nb\x1b[31mc\x1b[0m\td\x1b]0;t\x07"), "a bc d");
    }
}
