//! What format a report has, by its content; names of files say nothing.

use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::intake::Intake;

/// The formats that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// JUnit XML in all its dialects.
    Junit,
}

/// Namespaces of other formats that share JUnit's root elements.
const FOREIGN: [&str; 2] = ["http://check.sourceforge.net/ns", "urn:schemas-microsoft-com"];

/// Tells the format from the first bytes of a report; a few KiB are enough
/// unless it begins with a long comment. `None`: no format that can be read.
#[must_use]
pub fn detect(head: &[u8]) -> Option<Format> {
    let mut reader = Reader::from_reader(Intake::new(head));
    reader.config_mut().allow_dangling_amp = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(root) | Event::Empty(root)) => {
                return is_junit(&root).then_some(Format::Junit);
            }
            Ok(Event::Text(text)) if text.trim().is_empty() => {}
            _ => return None,
        }
    }
}

/// Is this root element one of JUnit's?
pub(super) fn is_junit(root: &BytesStart<'_>) -> bool {
    matches!(root.local_name().as_ref(), "testsuites" | "testsuite") && foreign(root).is_none()
}

/// The namespace of the root element, if it is that of another format.
pub(super) fn foreign(root: &BytesStart<'_>) -> Option<String> {
    let mut attributes = root.attributes();
    attributes.with_checks(false).flatten().find_map(|attribute| {
        let declares = attribute.key.as_ref().starts_with("xmlns");
        let known = FOREIGN.iter().any(|foreign| attribute.value.starts_with(foreign));
        (declares && known).then(|| attribute.value.chars().take(80).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_root_element() {
        for (head, want) in [
            ("<testsuite>", true),
            ("\n <?xml version='1.0'?><!-- c --><testsuites name='x'>", true),
            ("<!DOCTYPE testsuites [<!ENTITY a '>'>]><testsuites/>", true),
            ("<j:testsuites xmlns:j='urn:x'/>", true),
            ("<testsuites xmlns='http://check.sourceforge.net/ns'>", false),
            ("<TestRun>", false),
            ("<html>", false),
            ("<testsuitesque>", false),
            ("ok 1 <testsuite>", false),
            ("{\"a\": \"<testsuite>\"}", false),
            ("", false),
            ("<testsui", false),
            ("<!-- never ends <testsuite>", false),
        ] {
            assert_eq!(detect(head.as_bytes()) == Some(Format::Junit), want, "{head}");
        }
        let wide: Vec<u8> = "\u{feff}<testsuite>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(detect(&wide), Some(Format::Junit));
    }
}
