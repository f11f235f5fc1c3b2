//! Names that are handed to Git: paths, branches, commits, keys. What is let through can be no option, no pattern and
//! no way out of the repository.

use crate::error::GitError;

const PATH: usize = 1024;
const BRANCH: usize = 244;

/// A path inside the repository, without leading or trailing `/`; empty is the whole repository.
pub(crate) fn path(given: &str) -> Result<String, GitError> {
    let refuse = |why| Err(GitError::Name { what: "the path", value: shown(given), why });
    let trimmed = given.trim_matches('/');
    if trimmed.is_empty() || trimmed == "." {
        return Ok(String::new());
    }
    if trimmed.len() > PATH {
        return refuse("it is longer than 1024 bytes");
    }
    if trimmed.chars().any(char::is_control) {
        return refuse("it holds a control character");
    }
    let mut parts = Vec::new();
    for part in trimmed.split('/') {
        match part {
            "." => {}
            "" => return refuse("it holds an empty name"),
            ".." => return refuse("it leads out of its folder"),
            part if part.eq_ignore_ascii_case(".git") => return refuse("it names Git's own folder"),
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// Several of them.
pub(crate) fn paths(given: &[String]) -> Result<Vec<String>, GitError> {
    if given.is_empty() {
        return Err(GitError::Name { what: "the path", value: String::new(), why: "there is none" });
    }
    let mut paths = given.iter().map(|given| path(given)).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Whether a file is at or below one of the paths.
pub(crate) fn covers(paths: &[String], file: &str) -> bool {
    paths.iter().any(|path| {
        path.is_empty() || file.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// A branch, without `refs/heads/`: the rules of `git check-ref-format`.
pub(crate) fn branch(given: &str) -> Result<&str, GitError> {
    let refuse = |why| Err(GitError::Name { what: "the branch", value: shown(given), why });
    if given.is_empty() || given.len() > BRANCH {
        return refuse("a branch has 1 to 244 bytes");
    }
    if given.starts_with('-') || given == "@" || given == "HEAD" {
        return refuse("it is no name of a branch");
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c);
    if given.contains(odd) || given.contains("..") || given.contains("@{") || given.ends_with('.') {
        return refuse("it holds a character that branches may not have");
    }
    let bad_part = |part: &str| part.is_empty() || part.starts_with('.') || part.ends_with(".lock");
    if given.split('/').any(bad_part) {
        return refuse("one of its parts is empty, begins with a dot or ends with .lock");
    }
    Ok(given)
}

/// The id of a commit, or at least seven digits of it, in lower case.
pub(crate) fn commit(given: &str) -> Result<String, GitError> {
    if (7..=64).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(given.to_ascii_lowercase());
    }
    Err(GitError::Name {
        what: "the revision",
        value: shown(given),
        why: "a commit is named by 7 to 64 hexadecimal digits",
    })
}

/// The key of a decision.
pub(crate) fn key(given: &str) -> Result<&str, GitError> {
    if (8..=64).contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(given);
    }
    Err(GitError::Name { what: "the key", value: shown(given), why: "a key has 8 to 64 hexadecimal digits" })
}

/// The beginning, for an error.
fn shown(given: &str) -> String {
    given.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::{branch, commit, covers, path};

    #[test]
    fn paths_stay_inside() {
        for (given, expected) in
            [("", ""), ("/", ""), (".", ""), ("apps/shop/", "apps/shop"), ("./a/./b", "a/b"), ("-x", "-x")]
        {
            assert_eq!(path(given).unwrap(), expected, "{given}");
        }
        for bad in ["..", "a/../b", "a//b", "a\nb", ".git/config", "a/.GIT/x", &"x".repeat(1100)] {
            assert!(path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn branches_are_no_options_and_no_patterns() {
        for good in ["main", "release/1.2", "feature/x_y-z", "assay/rollback-0123"] {
            assert!(branch(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-f", "--force", "a..b", "a b", "a~1", "a^", "a:b", "*", "a.lock", "x/", "/x", ".x", "a/.b", "@",
            "a@{1}",
        ] {
            assert!(branch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn commits_are_digits() {
        assert_eq!(commit("ABCDEF0").unwrap(), "abcdef0");
        for bad in ["abc", "main", "HEAD~1", "--all", "0123456g"] {
            assert!(commit(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_folder_covers_what_is_in_it_and_nothing_beside() {
        let paths = vec!["apps/shop".to_owned()];
        assert!(covers(&paths, "apps/shop") && covers(&paths, "apps/shop/a.yaml"));
        assert!(!covers(&paths, "apps/shopping/a.yaml") && !covers(&paths, "apps"));
        assert!(covers(&[String::new()], "anything"));
    }
}
