//! Handles of steps: written ones first, derived ones give way to them.

use std::collections::{BTreeMap, BTreeSet};

/// Longest handle of a step.
pub(crate) const ID_LENGTH: usize = 63;

/// Handles that are taken.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    taken: BTreeSet<String>,
    /// The last number that was put behind a handle, so that a thousand steps of one name stay cheap.
    counts: BTreeMap<String, usize>,
}

impl Ids {
    /// Keeps a written handle from being derived, wherever it stands.
    pub(crate) fn reserve(&mut self, id: &str) {
        self.taken.insert(id.to_owned());
    }

    /// The wanted handle, or the same with a number when it is taken.
    pub(crate) fn choose(&mut self, wanted: &str) -> String {
        let wanted = cut(wanted, ID_LENGTH);
        if self.taken.insert(wanted.to_owned()) {
            return wanted.to_owned();
        }
        let count = self.counts.entry(wanted.to_owned()).or_insert(1);
        loop {
            *count += 1;
            let suffix = format!("_{count}");
            let id = format!("{}{suffix}", cut(wanted, ID_LENGTH - suffix.len()));
            if self.taken.insert(id.clone()) {
                return id;
            }
        }
    }
}

/// A handle for a part of a step: its own, and what the part does.
pub(crate) fn part(id: &str, what: &str) -> String {
    format!("{}_{what}", cut(id, ID_LENGTH - what.len() - 1))
}

/// A handle from a name: small letters and digits, everything else one `_`.
pub(crate) fn derive(name: &str) -> String {
    let mut id = String::new();
    for letter in name.trim().chars() {
        let letter = letter.to_ascii_lowercase();
        if letter.is_ascii_alphanumeric() {
            id.push(letter);
        } else if !id.ends_with('_') {
            id.push('_');
        }
    }
    id.truncate(ID_LENGTH);
    id.trim_matches('_').to_owned()
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_handles_give_way_and_stay_short() {
        let mut ids = Ids::default();
        ids.reserve("test");
        assert_eq!(["test", "test", "x", "x"].map(|wanted| ids.choose(wanted)), ["test_2", "test_3", "x", "x_2"]);
        let long = "y".repeat(80);
        assert_eq!(ids.choose(&long), "y".repeat(63));
        assert_eq!(ids.choose(&long), format!("{}_2", "y".repeat(61)));
        assert_eq!(part(&long, "clone"), format!("{}_clone", "y".repeat(57)));
    }

    #[test]
    fn a_handle_is_made_of_a_name() {
        for (name, id) in [("Say hello!", "say_hello"), ("  Ä--b ", "b"), ("…", ""), ("API tests", "api_tests")] {
            assert_eq!(derive(name), id);
        }
    }
}
