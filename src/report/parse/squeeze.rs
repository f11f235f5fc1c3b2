//! Takes out of an XML stream what no report needs and cuts what is too long,
//! before the tokenizer sees it, which holds every token in memory as a whole.
//!
//! Comments, processing instructions and document types go away entirely, and
//! with the latter every entity that could be expanded or fetched. Text,
//! attribute values and tags are cut to a length, elements nested too deeply
//! are left out. What is left is always made of whole characters.

/// Bytes kept of one text or CDATA section.
const TEXT: usize = 256 * 1024;
/// Bytes kept of one attribute value.
const VALUE: usize = 16 * 1024;
/// Bytes kept of one tag: a few thousand attributes.
const TAG: usize = 128 * 1024;
/// Elements that may be open at the same time.
pub(super) const DEPTH: usize = 1000;

const CDATA: &[u8] = b"<![CDATA[";

#[derive(Debug)]
enum State {
    /// Between tags; so many bytes of it were kept.
    Text(usize),
    /// After `<`, until it is known what it begins.
    Opening(Vec<u8>),
    Tag(Tag),
    Comment {
        dashes: usize,
    },
    Instruction {
        mark: bool,
    },
    Doctype {
        quote: Option<u8>,
        brackets: usize,
    },
    Cdata {
        kept: usize,
        brackets: usize,
    },
}

/// A tag while it is read. `full` from the moment something of it is left out.
#[derive(Debug, Default)]
struct Tag {
    kept: usize,
    value: usize,
    quote: Option<u8>,
    last: u8,
    closing: bool,
    hidden: bool,
    full: bool,
}

/// The filter. Feed it whole UTF-8 in pieces of any size.
#[derive(Debug)]
pub(super) struct Squeezer {
    state: State,
    depth: usize,
    /// Something was cut or left out because of a limit.
    pub(super) cut: bool,
    /// There was a document type.
    pub(super) doctype: bool,
}

impl Default for Squeezer {
    fn default() -> Self {
        Self { state: State::Text(0), depth: 0, cut: false, doctype: false }
    }
}

impl Squeezer {
    /// Appends to `out` what is left of `bytes`.
    pub(super) fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.byte(byte, out);
        }
    }

    /// At the end of the input: gives back a `<` that nothing followed, so
    /// that the tokenizer sees that the input is cut off. The same holds for
    /// a comment or document type without an end.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if !matches!(self.state, State::Text(_) | State::Tag(_) | State::Cdata { .. }) {
            out.push(b'<');
        }
        self.state = State::Text(0);
    }

    fn hidden(&self) -> bool {
        self.depth > DEPTH
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<u8>) {
        let hidden = self.hidden();
        match &mut self.state {
            State::Text(_) if byte == b'<' => self.state = State::Opening(vec![b'<']),
            State::Text(kept) => keep(byte, kept, TEXT, hidden, &mut self.cut, out),
            State::Opening(seen) => {
                seen.push(byte);
                let seen = std::mem::take(seen);
                self.opening(seen, out);
            }
            State::Tag(tag) => {
                if tag.byte(byte, &mut self.cut, out) {
                    self.close_tag();
                }
            }
            State::Comment { dashes } => match byte {
                b'-' => *dashes += 1,
                b'>' if *dashes >= 2 => self.state = State::Text(0),
                _ => *dashes = 0,
            },
            State::Instruction { mark } => match byte {
                b'>' if *mark => self.state = State::Text(0),
                _ => *mark = byte == b'?',
            },
            State::Doctype { quote, brackets } => match (byte, *quote) {
                (b'>', None) if *brackets == 0 => self.state = State::Text(0),
                (b'"' | b'\'', None) => *quote = Some(byte),
                (_, Some(open)) if open == byte => *quote = None,
                (b'[', None) => *brackets += 1,
                (b']', None) => *brackets = brackets.saturating_sub(1),
                _ => {}
            },
            State::Cdata { kept, brackets } => match byte {
                b'>' if *brackets >= 2 => {
                    // The brackets themselves may have been left out.
                    if !hidden {
                        let end: &[u8] = if *kept > TEXT { b"]]>" } else { b">" };
                        out.extend_from_slice(end);
                    }
                    self.state = State::Text(0);
                }
                _ => {
                    *brackets = if byte == b']' { *brackets + 1 } else { 0 };
                    keep(byte, kept, TEXT, hidden, &mut self.cut, out);
                }
            },
        }
    }

    /// Decides by what follows a `<` what it begins.
    fn opening(&mut self, seen: Vec<u8>, out: &mut Vec<u8>) {
        self.state = match seen.as_slice() {
            b"<!--" => State::Comment { dashes: 0 },
            CDATA => {
                if !self.hidden() {
                    out.extend_from_slice(CDATA);
                }
                State::Cdata { kept: 0, brackets: 0 }
            }
            [b'<', b'?'] => State::Instruction { mark: false },
            [b'<', b'!'] | [b'<', b'!', b'-'] => State::Opening(seen),
            [b'<', b'!', b'>'] => State::Text(0),
            [b'<', b'!', ..] if CDATA.starts_with(&seen) => State::Opening(seen),
            [b'<', b'!', .., last] => {
                self.doctype = true;
                let quote = matches!(last, b'"' | b'\'').then_some(*last);
                State::Doctype { quote, brackets: usize::from(*last == b'[') }
            }
            [_, first, ..] if begins_tag(*first) => self.open_tag(*first, out),
            [_, first, ..] => return self.lone(*first, out),
            _ => State::Opening(seen),
        };
    }

    /// A `<` that begins nothing, as in `a < b`, is what its writer forgot to escape.
    fn lone(&mut self, next: u8, out: &mut Vec<u8>) {
        if !self.hidden() {
            out.extend_from_slice(b"&lt;");
        }
        self.state = State::Text(0);
        self.byte(next, out);
    }

    fn open_tag(&mut self, first: u8, out: &mut Vec<u8>) -> State {
        let closing = first == b'/';
        if !closing && self.depth == DEPTH {
            self.cut = true;
        }
        let hidden = if closing { self.hidden() } else { self.depth >= DEPTH };
        let mut tag = Tag { closing, hidden, ..Tag::default() };
        if !hidden {
            out.push(b'<');
        }
        if tag.byte(first, &mut self.cut, out) {
            return State::Text(0);
        }
        State::Tag(tag)
    }

    fn close_tag(&mut self) {
        let State::Tag(tag) = std::mem::replace(&mut self.state, State::Text(0)) else {
            return;
        };
        if tag.closing {
            self.depth = self.depth.saturating_sub(1);
        } else if tag.last != b'/' {
            self.depth += 1;
        }
    }
}

impl Tag {
    /// Takes one byte; true when it ends the tag.
    fn byte(&mut self, byte: u8, cut: &mut bool, out: &mut Vec<u8>) -> bool {
        match (byte, self.quote) {
            (b'>', None) => {
                if !self.hidden {
                    let end: &[u8] = if self.full && self.last == b'/' { b"/>" } else { b">" };
                    out.extend_from_slice(end);
                }
                return true;
            }
            (b'"' | b'\'', None) => {
                self.quote = Some(byte);
                self.kept += 2;
                self.value = 0;
                self.emit(byte, out);
            }
            (_, Some(open)) if open == byte => {
                self.quote = None;
                self.emit(byte, out);
                self.fill(cut);
            }
            (_, Some(_)) if !self.full => keep(byte, &mut self.value, VALUE, self.hidden, cut, out),
            (_, Some(_)) => {}
            (_, None) => {
                // Before the byte, so that a character begun is finished.
                if !continues(byte) {
                    self.fill(cut);
                }
                self.emit(byte, out);
                self.kept += 1;
            }
        }
        self.last = byte;
        false
    }

    fn emit(&mut self, byte: u8, out: &mut Vec<u8>) {
        if !self.full && !self.hidden {
            out.push(byte);
        }
    }

    fn fill(&mut self, cut: &mut bool) {
        self.kept += std::mem::take(&mut self.value);
        if self.kept > TAG && !self.full {
            self.full = true;
            *cut = true;
        }
    }
}

fn begins_tag(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'/' | b'_' | b':') || byte >= 0x80
}

/// Is this a byte of a character that began before?
fn continues(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// Keeps a byte of a text unless it is full; a character begun is finished.
fn keep(byte: u8, kept: &mut usize, max: usize, hidden: bool, cut: &mut bool, out: &mut Vec<u8>) {
    if hidden {
        return;
    }
    if *kept < max || (*kept == max && continues(byte)) {
        out.push(byte);
        *kept += usize::from(*kept < max);
    } else {
        // One above: nothing after the first byte left out is kept.
        *kept = max + 1;
        *cut = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squeeze(input: &str) -> (String, Squeezer) {
        let mut whole = (Vec::new(), Squeezer::default());
        let mut pieces = (Vec::new(), Squeezer::default());
        whole.1.feed(input.as_bytes(), &mut whole.0);
        input.as_bytes().chunks(3).for_each(|piece| pieces.1.feed(piece, &mut pieces.0));
        whole.1.finish(&mut whole.0);
        assert_eq!(pieces.0, whole.0[..pieces.0.len()]);
        (String::from_utf8(whole.0).expect("whole characters"), whole.1)
    }

    #[test]
    fn what_is_not_needed_goes() {
        for (input, want) in [
            ("<a b='c>d'>t</a>", "<a b='c>d'>t</a>"),
            ("<?xml version='1.0'?><!-- <x> -- --><a/>", "<a/>"),
            ("<!DOCTYPE a [<!ENTITY b \"<c>]>\"> ]><a>&b;</a>", "<a>&b;</a>"),
            ("<a><![CDATA[x ]] > ]]]><b></a>", "<a><![CDATA[x ]] > ]]]><b></a>"),
            ("1 < 2 << 3 <= 4", "1 &lt; 2 &lt;&lt; 3 &lt;= 4"),
            ("<a", "<a"),
            ("<!-- open", "<"),
            ("<", "<"),
        ] {
            assert_eq!(squeeze(input).0, want);
        }
        assert!(squeeze("<!DOCTYPE a>").1.doctype);
    }

    #[test]
    fn long_tokens_are_cut_between_characters() {
        let long = "ü".repeat(400_000);
        for (before, after) in [("<a>", "</a>"), ("<a><![CDATA[", "]]></a>"), ("<a b='", "'/>"), ("<a ", "/>")] {
            let (out, squeezer) = squeeze(&format!("{before}{long}{after}"));
            assert!(squeezer.cut && out.len() < TEXT + 100, "{before} {}", out.len());
            assert!(out.starts_with(before) && out.ends_with(after), "{before}");
        }
        let many: String = (0..100_000).map(|i| format!(" a{i}='{i}'")).collect();
        let (out, _) = squeeze(&format!("<a{many}>text</a>"));
        assert!(out.len() < TAG + VALUE && out.ends_with(">text</a>"));
    }

    #[test]
    fn deep_nesting_is_left_out_and_left_again() {
        let deep = format!("<r>{}x{}<after/></r>", "<a>".repeat(5000), "</a>".repeat(5000));
        let (out, squeezer) = squeeze(&deep);
        assert!(squeezer.cut);
        assert_eq!((out.matches("<a>").count(), out.matches("</a>").count()), (DEPTH - 1, DEPTH - 1));
        assert!(!out.contains('x') && out.ends_with("<after/></r>"));
    }
}
