//! The notation of Kubernetes names and labels.

/// What a name is made of, for hints.
pub(super) const SUBDOMAIN: &str = "use small letters, digits, `-` and `.`, and begin and end with a letter or digit";
/// The same of a name without dots.
pub(super) const LABEL: &str =
    "use small letters, digits and `-`, at most 63, and begin and end with a letter or digit";

/// A DNS label.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 63 && ends_well(text) && text.chars().all(|c| is_small(c) || c == '-')
}

/// A DNS subdomain: labels with dots between them.
pub(super) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The key of a label or annotation.
pub(super) fn is_qualified(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

/// The value of a label.
pub(super) fn is_label_value(text: &str) -> bool {
    let right = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.is_empty() || (text.len() <= 63 && ends_well(text) && text.chars().all(right))
}

fn is_small(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

fn ends_well(text: &str) -> bool {
    let ends = |c: char| c.is_ascii_alphanumeric();
    text.starts_with(ends) && text.ends_with(ends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_the_rest() {
        for right in ["a", "a-1", "0"] {
            assert!(is_label(right) && is_subdomain(right) && is_label_value(right), "{right}");
        }
        for wrong in ["", "-a", "a-", "A", "a_b", "a.b", &"a".repeat(64)] {
            assert!(!is_label(wrong), "{wrong}");
        }
        assert!(is_subdomain("a.b-c.d") && !is_subdomain("a..b") && !is_subdomain("a.") && !is_subdomain("A.b"));
        for right in ["team", "Team_1.x", "example.org/team"] {
            assert!(is_qualified(right), "{right}");
        }
        for wrong in ["", "/a", "a/", "Example/a", "a b", "x/y/z"] {
            assert!(!is_qualified(wrong), "{wrong}");
        }
        assert!(is_label_value("") && !is_label_value("a b") && !is_label_value("-a"));
    }
}
