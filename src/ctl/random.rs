//! Random characters for names.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Characters that never form a word, as Kubernetes chooses them.
pub(crate) fn letters(count: usize) -> String {
    const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    // Every state is seeded anew by the system's randomness; one gives thirteen characters.
    let mut number = RandomState::new().build_hasher().finish();
    let mut text = String::with_capacity(count);
    for at in 0..count {
        if at % 13 == 12 {
            number = RandomState::new().build_hasher().finish();
        }
        let length = LETTERS.len() as u64;
        text.push(char::from(LETTERS[usize::try_from(number % length).unwrap_or(0)]));
        number /= length;
    }
    text
}

/// The workflow's name, cut so that it stays readable in names made from it, and five random characters.
pub(crate) fn fresh_name(workflow: &str) -> String {
    let cut: String = workflow.chars().take(57).collect();
    format!("{}-{}", cut.trim_end_matches(['-', '.']), letters(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_names_are_names() {
        for workflow in ["first", "a", &"x".repeat(253), &format!("{}-.-b", "y".repeat(55))] {
            let name = fresh_name(workflow);
            assert!(crate::names::is_name(&name) && name.len() <= 63, "{name}");
        }
        assert_eq!(letters(40).len(), 40);
        assert_ne!(letters(40), letters(40));
    }
}
