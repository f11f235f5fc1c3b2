//! Media types of artifacts, judged by name and first bytes.
//!
//! A name alone proves nothing: whatever a browser would show (an image, text)
//! must also look like it, else it is a plain download.

/// Bytes of a file's start that are enough to judge it.
pub(crate) const HEAD_BYTES: usize = 512;

const UNKNOWN: &str = "application/octet-stream";

/// Formats with a signature, by extension.
const SIGNED: &[(&str, &str, &[u8])] = &[
    ("png", "image/png", b"\x89PNG\r\n\x1a\n"),
    ("jpg", "image/jpeg", b"\xff\xd8\xff"),
    ("jpeg", "image/jpeg", b"\xff\xd8\xff"),
    ("gif", "image/gif", b"GIF8"),
    ("webp", "image/webp", b"RIFF"),
    ("webm", "video/webm", b"\x1a\x45\xdf\xa3"),
    ("pdf", "application/pdf", b"%PDF-"),
    ("zip", "application/zip", b"PK"),
    ("gz", "application/gzip", b"\x1f\x8b"),
    ("tgz", "application/gzip", b"\x1f\x8b"),
];

/// Formats of text, by extension.
const TEXT: &[(&str, &str)] = &[
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("out", "text/plain"),
    ("err", "text/plain"),
    ("md", "text/plain"),
    ("yaml", "text/plain"),
    ("yml", "text/plain"),
    ("tap", "text/plain"),
    ("csv", "text/csv"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("ndjson", "application/x-ndjson"),
    ("xml", "application/xml"),
    ("svg", "image/svg+xml"),
];

/// The media type of a file with this name and these first bytes.
pub(crate) fn media_type(name: &str, head: &[u8]) -> &'static str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    if let Some((_, media, mark)) = SIGNED.iter().find(|(known, ..)| *known == extension) {
        return if head.starts_with(mark) { media } else { UNKNOWN };
    }
    if !is_text(head) {
        return UNKNOWN;
    }
    match TEXT.iter().find(|(known, _)| *known == extension) {
        Some((_, media)) => media,
        None if extension.is_empty() => "text/plain",
        None => UNKNOWN,
    }
}

/// No control characters but those of text, and UTF-8 as far as it goes.
fn is_text(head: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    let utf8 = match std::str::from_utf8(head) {
        Ok(_) => true,
        // The head may end inside a character.
        Err(error) => error.error_len().is_none(),
    };
    utf8 && !head.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::media_type;

    #[test]
    fn a_name_alone_proves_nothing() {
        for (name, head, expected) in [
            ("shot.png", b"\x89PNG\r\n\x1a\nrest".as_slice(), "image/png"),
            ("shot.png", b"<script>", "application/octet-stream"),
            ("a/b.TXT", b"hello\n", "text/plain"),
            ("b.txt", b"\x00\x01", "application/octet-stream"),
            ("index.html", b"<html>", "text/html"),
            ("junit.xml", b"<testsuites/>", "application/xml"),
            ("Makefile", b"all:\n\techo", "text/plain"),
            ("x.mhtml", b"MIME-Version: 1.0", "application/octet-stream"),
            ("dir.png/raw", b"\xff\xfe", "application/octet-stream"),
        ] {
            assert_eq!(media_type(name, head), expected, "{name}");
        }
    }
}
