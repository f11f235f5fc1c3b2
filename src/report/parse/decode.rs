//! Bytes in whatever encoding a report has, to UTF-8.

/// Bytes that are needed to tell the encoding.
pub(super) const SNIFF: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

/// What windows-1252 has where ISO-8859-1 has control characters that no
/// report uses; five places are undefined and stay as they are.
const C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A decoder fed in pieces. What is no text becomes U+FFFD.
#[derive(Debug)]
pub(super) struct Decoder {
    encoding: Encoding,
    /// The beginning of a character whose end has not come yet.
    carry: Vec<u8>,
    high: Option<u16>,
    /// Bytes that had to be replaced.
    pub(super) replaced: bool,
    /// The declared encoding, when it is none that we know.
    pub(super) unknown: Option<String>,
}

impl Decoder {
    /// Looks at the first bytes (at least [`SNIFF`] unless there are no more)
    /// and says how many of them are a byte order mark.
    pub(super) fn sniff(head: &[u8]) -> (Self, usize) {
        let mut unknown = None;
        let (encoding, mark) = match head {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
            [b'<' | b'{' | b'\n' | b' ', 0, ..] => (Encoding::Utf16Le, 0),
            [0, b'<' | b'{' | b'\n' | b' ', ..] => (Encoding::Utf16Be, 0),
            _ => (declared(head, &mut unknown), 0),
        };
        (Self { encoding, carry: Vec::new(), high: None, replaced: false, unknown }, mark)
    }

    /// Appends the text of `bytes` to `out`; at the last call `end` is set.
    pub(super) fn feed(&mut self, bytes: &[u8], end: bool, out: &mut Vec<u8>) {
        match self.encoding {
            Encoding::Utf8 => self.utf8(bytes, out),
            Encoding::Windows1252 => bytes.iter().for_each(|&b| push(out, windows1252(b))),
            Encoding::Utf16Le | Encoding::Utf16Be => self.utf16(bytes, out),
        }
        if end && (!self.carry.is_empty() || self.high.is_some()) {
            self.carry.clear();
            self.high = None;
            self.replace(out);
        }
    }

    fn replace(&mut self, out: &mut Vec<u8>) {
        self.replaced = true;
        push(out, char::REPLACEMENT_CHARACTER);
    }

    fn utf8(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let joined;
        let mut rest = bytes;
        if !self.carry.is_empty() {
            self.carry.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.carry);
            rest = &joined;
        }
        loop {
            match std::str::from_utf8(rest) {
                Ok(_) => return out.extend_from_slice(rest),
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    out.extend_from_slice(good);
                    let Some(length) = error.error_len() else {
                        self.carry = bad.to_vec();
                        return;
                    };
                    self.replace(out);
                    rest = &bad[length..];
                }
            }
        }
    }

    fn utf16(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        for &byte in bytes {
            self.carry.push(byte);
            let &[first, second] = self.carry.as_slice() else {
                continue;
            };
            self.carry.clear();
            let unit = match self.encoding {
                Encoding::Utf16Le => u16::from_le_bytes([first, second]),
                _ => u16::from_be_bytes([first, second]),
            };
            self.unit(unit, out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        let high = self.high.take();
        match unit {
            0xd800..=0xdbff => {
                if high.is_some() {
                    self.replace(out);
                }
                self.high = Some(unit);
            }
            _ => {
                let units = high.into_iter().chain([unit]);
                for decoded in char::decode_utf16(units) {
                    match decoded {
                        Ok(c) => push(out, c),
                        Err(_) => self.replace(out),
                    }
                }
            }
        }
    }
}

fn push(out: &mut Vec<u8>, c: char) {
    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn windows1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// What the XML declaration says. A declared UTF-16 without its zero bytes is
/// a known lie of writers that turn a string into a file: it is UTF-8.
fn declared(head: &[u8], unknown: &mut Option<String>) -> Encoding {
    if head.trim_ascii_start().first() != Some(&b'<') {
        return Encoding::Utf8;
    }
    let head = String::from_utf8_lossy(&head[..head.len().min(SNIFF)]);
    let declaration = head.split_once("?>").map_or("", |(before, _)| before);
    let Some((_, value)) = declaration.split_once("encoding") else {
        return Encoding::Utf8;
    };
    let name: String =
        value.chars().skip_while(|c| "= \t\r\n'\"".contains(*c)).take_while(|c| !"'\" ".contains(*c)).collect();
    match name.to_ascii_lowercase().as_str() {
        "" | "utf-8" | "utf8" | "utf-16" | "utf16" | "us-ascii" | "ascii" | "unicode" => Encoding::Utf8,
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "l1" | "windows-1252" | "cp1252"
        | "iso-8859-15" => Encoding::Windows1252,
        _ => {
            *unknown = Some(name.chars().take(40).collect());
            Encoding::Utf8
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], step: usize) -> (String, Decoder) {
        let (mut decoder, mark) = Decoder::sniff(&bytes[..bytes.len().min(SNIFF)]);
        let mut out = Vec::new();
        for piece in bytes[mark..].chunks(step) {
            decoder.feed(piece, false, &mut out);
        }
        decoder.feed(&[], true, &mut out);
        (String::from_utf8(out).expect("always UTF-8"), decoder)
    }

    #[test]
    fn every_encoding_in_any_pieces() {
        let text = "<a n='grün 🎉 €'/>";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let inputs: [Vec<u8>; 6] = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".as_slice(), &le].concat(),
            [b"\xfe\xff".as_slice(), &be].concat(),
            le,
            be,
        ];
        for input in inputs {
            for step in [1, 2, 3, 1000] {
                assert_eq!(decode(&input, step).0, text);
            }
        }
    }

    #[test]
    fn latin1_by_declaration() {
        let input = b"<?xml version='1.0' encoding='ISO-8859-1'?><a n='gr\xfcn \x80'/>";
        assert!(decode(input, 7).0.ends_with("<a n='grün €'/>"));
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        let (text, decoder) = decode(b"a\xff\xc3(b\xe2\x82", 1);
        assert_eq!(text, "a\u{fffd}\u{fffd}(b\u{fffd}");
        assert!(decoder.replaced);
        let lone = [0xff, 0xfe, 0x00, 0xd8, b'a', 0, 0x00, 0xdc, b'b'];
        assert_eq!(decode(&lone, 1).0, "\u{fffd}a\u{fffd}\u{fffd}");
    }

    #[test]
    fn a_strange_declaration_is_noted() {
        let (_, decoder) = decode(b"<?xml version='1.0' encoding='x-klingon'?><a/>", 9);
        assert_eq!(decoder.unknown.as_deref(), Some("x-klingon"));
    }
}
