//! Revisions for people.

use crate::output::terminal::plain;

/// How many characters of a commit people read.
const SHORT: usize = 7;
/// The longest revision, of another form than a commit, that is shown in a column.
const LONG: usize = 24;

/// A commit by its first characters; everything else as it is, cut to what a column holds.
pub(crate) fn short(revision: &str) -> String {
    let is_commit = matches!(revision.len(), 40 | 64) && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain(revision).chars().take(if is_commit { SHORT } else { LONG }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_short_and_versions_are_not() {
        assert_eq!(short("4f2d9c1b7a6e5d4c3b2a19080706050403020100"), "4f2d9c1");
        assert_eq!(short("6.5.0"), "6.5.0");
        assert_eq!(short(&"x".repeat(100)).len(), 24);
        assert_eq!(short("\x1b[2Jmain"), "main");
    }
}
