//! Attributes of an element, read leniently, and references in text.

use quick_xml::events::BytesStart;

use crate::{limits, text};

/// More attributes than this are not looked at.
const MOST: usize = 4096;

/// The raw text of the first attribute with one of these names, unescaped.
pub(in crate::parse) fn get(element: &BytesStart<'_>, names: &[&str]) -> Option<String> {
    let mut attributes = element.html_attributes();
    let found = attributes.with_checks(false).take(MOST).flatten().find(|attribute| {
        let key = attribute.key.local_name();
        names.iter().any(|name| key.as_ref().eq_ignore_ascii_case(name))
    })?;
    Some(unescape(&found.value))
}

/// A short attribute in one clean line; empty ones are none.
pub(in crate::parse) fn line(element: &BytesStart<'_>, names: &[&str]) -> Option<String> {
    text::line(&get(element, names)?, limits::NAME)
}

/// All attributes by their local names.
pub(super) fn all(element: &BytesStart<'_>, most: usize) -> Vec<(String, String)> {
    let mut attributes = element.html_attributes();
    let found = attributes.with_checks(false).take(most).flatten();
    found.map(|attribute| (attribute.key.local_name().as_ref().to_owned(), unescape(&attribute.value))).collect()
}

/// Namespaces of formats that share root elements with others.
const KNOWN: [&str; 3] =
    ["http://check.sourceforge.net/ns", "urn:schemas-microsoft-com", "http://microsoft.com/schemas/VisualStudio"];

/// The namespace of an element, if it gives its format away.
pub(in crate::parse) fn namespace(element: &BytesStart<'_>) -> Option<String> {
    let mut attributes = element.attributes();
    attributes.with_checks(false).flatten().find_map(|attribute| {
        let declares = attribute.key.as_ref().starts_with("xmlns");
        let known = KNOWN.iter().any(|known| attribute.value.starts_with(known));
        (declares && known).then(|| attribute.value.chars().take(80).collect())
    })
}

/// Replaces the five entities of XML and character references. Everything
/// else stays as it is: no other entity exists for us.
fn unescape(raw: &str) -> String {
    const LONGEST: usize = 12;
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.bytes().take(LONGEST).position(|b| b == b';');
        match end.and_then(|end| Some((end, reference(&rest[1..end])?))) {
            Some((end, c)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character that `&name;` stands for. Numbers that are no character, as
/// halves of a surrogate pair are, stand for U+FFFD.
pub(in crate::parse) fn reference(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            Some(char::from_u32(code.ok()?).unwrap_or(char::REPLACEMENT_CHARACTER))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        for (raw, want) in [
            ("a &lt;b&gt; &amp;&quot;&apos;", "a <b> &\"'"),
            ("&#65;&#x42;&#X43;", "ABC"),
            ("&xxe; & &; &amp", "&xxe; & &; &amp"),
            ("&#xD83D;", "\u{fffd}"),
            ("&#99999999999;", "&#99999999999;"),
            ("&ü;&amp;amp;", "&ü;&amp;"),
        ] {
            assert_eq!(unescape(raw), want, "{raw}");
        }
    }

    #[test]
    fn broken_attributes_do_not_hide_the_others() {
        let element = BytesStart::from_content("testcase a b=c name='x' name='y' x:Time=\"1\"", 8);
        assert_eq!(get(&element, &["name"]).as_deref(), Some("x"));
        assert_eq!(get(&element, &["time"]).as_deref(), Some("1"));
        assert_eq!(get(&element, &["none"]), None);
    }
}
