//! Where the parts of a merged workflow were written, so that what is said
//! about them names the place that its author knows.

use std::collections::BTreeMap;

/// Authored places by the place in the merged workflow. A place that is not
/// there is where it was written, or below one that is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins(BTreeMap<String, String>);

impl Origins {
    /// Notes that what stands at `at` was written at `from`.
    pub(super) fn set(&mut self, at: String, from: String) {
        if at != from {
            self.0.insert(at, from);
        }
    }

    /// Where the thing at a path was written.
    pub(crate) fn of(&self, path: &str) -> String {
        let mut outer = path;
        while !self.0.is_empty() {
            if let Some(from) = self.0.get(outer) {
                return format!("{from}{}", &path[outer.len()..]);
            }
            match outer.rfind(['.', '[']) {
                Some(end) => outer = &outer[..end],
                None => break,
            }
        }
        path.to_owned()
    }

    /// A message with the places in it as they were written.
    pub(crate) fn in_message(&self, message: &str) -> String {
        const ROOT: &str = "spec.";
        if self.0.is_empty() || !message.contains(ROOT) {
            return message.to_owned();
        }
        let mut said = String::with_capacity(message.len());
        let mut rest = message;
        while let Some(start) = rest.find(ROOT) {
            let begins_word = !rest[..start].ends_with(|c: char| c.is_alphanumeric() || c == '.' || c == '_');
            let path = &rest[start..];
            let path = &path[..path.find(|c| !may_be_in_path(c)).unwrap_or(path.len())];
            let path = path.trim_end_matches('.');
            said.push_str(&rest[..start]);
            said.push_str(&if begins_word { self.of(path) } else { path.to_owned() });
            rest = &rest[start + path.len()..];
        }
        said + rest
    }
}

fn may_be_in_path(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_place_that_is_known_counts() {
        let mut origins = Origins::default();
        assert_eq!(origins.of("spec.steps[0]"), "spec.steps[0]");
        origins.set("spec.steps[0]".to_owned(), "spec.use[0] (template \"x\") spec.steps[0]".to_owned());
        origins.set("spec.steps[1]".to_owned(), "spec.steps[0]".to_owned());
        origins.set("spec.steps[1].container.image".to_owned(), "T spec.container.image".to_owned());
        for (path, expected) in [
            ("spec.steps[0].run.image", "spec.use[0] (template \"x\") spec.steps[0].run.image"),
            ("spec.steps[1].shell", "spec.steps[0].shell"),
            ("spec.steps[1].container.image", "T spec.container.image"),
            ("spec.steps[10]", "spec.steps[10]"),
            ("spec", "spec"),
        ] {
            assert_eq!(origins.of(path), expected, "{path}");
        }
        assert_eq!(
            origins.in_message("`a` is already the id of spec.steps[1]. See spec.steps[7] and xspec.steps[1]"),
            "`a` is already the id of spec.steps[0]. See spec.steps[7] and xspec.steps[1]"
        );
    }
}
