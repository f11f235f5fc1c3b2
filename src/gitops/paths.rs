//! Paths and branches, and the patterns that people write for them: `*` within a part, `**` over parts.

use fast_glob::glob_match;

/// Whether the pattern means the text. Only `*` and `**` are special.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let mut literal = String::with_capacity(pattern.len());
    for character in pattern.chars() {
        if matches!(character, '?' | '[' | ']' | '{' | '}' | '!' | '^' | ',' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    glob_match(literal, text)
}

/// Whether the pattern means the path itself or a folder that it is in: a folder means everything in it.
pub(crate) fn covers(pattern: &str, path: &str) -> bool {
    let Some(path) = normal(path) else { return false };
    let pattern = pattern.trim_start_matches("./").trim_matches('/');
    let folder = pattern.strip_suffix("/**").unwrap_or(pattern);
    if folder == "**" {
        return true;
    }
    // The whole repository is meant by `**` only.
    if path.is_empty() || folder.is_empty() {
        return false;
    }
    let mut ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.any(|end| matches(folder, &path[..end]))
}

/// The path without `./`, leading and trailing `/`; `None` when it steps upwards or is not made of plain parts.
pub(crate) fn normal(path: &str) -> Option<&str> {
    let mut path = path.trim_matches('/');
    while let Some(rest) = path.strip_prefix("./") {
        path = rest.trim_start_matches('/');
    }
    if matches!(path, "" | ".") {
        return Some("");
    }
    let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', '\n', '\r']);
    path.split('/').all(plain).then_some(path)
}

/// Whether `path` is `folder` or in it. The empty folder is the whole repository.
pub(crate) fn within(path: &str, folder: &str) -> bool {
    let folder = folder.trim_matches('/');
    let path = path.trim_matches('/');
    folder.is_empty()
        || folder == "."
        || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::{covers, matches, normal, within};

    #[test]
    fn a_pattern_means_what_its_stars_say() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "mainly", false),
            ("release/*", "release/1.2", true),
            ("release/*", "release/1/2", false),
            ("release/**", "release/1/2", true),
            ("**/migrations/**", "migrations/1.sql", true),
            ("**/migrations/**", "db/migrations/a/1.sql", true),
            ("**/migrations/**", "db/migrations", false),
            ("**/migrations/**", "db/migrations.sql", false),
            ("*", "a", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
            // Nothing else is special.
            ("!main", "other", false),
            ("!main", "!main", true),
            ("{a,b}", "a", false),
            ("{a,b}", "{a,b}", true),
            ("[ab]", "a", false),
            ("[ab]", "[ab]", true),
            ("a?c", "abc", false),
            ("a\\nb", "a\nb", false),
            ("feature-*-x", "feature-a-b-x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_folder_means_everything_in_it() {
        for (pattern, path, expected) in [
            ("apps", "apps/shop", true),
            ("apps/", "/apps/shop/", true),
            ("./apps", "./apps/shop", true),
            ("apps", "apps", true),
            ("apps", "apps2/shop", false),
            ("apps/*", "apps/shop", true),
            ("apps/*", "apps/shop/web", true),
            ("apps/*", "apps", false),
            ("apps/**", "apps", true),
            ("apps/**", "apps/shop", true),
            ("*/prod", "shop/prod/web", true),
            ("**/prod", "a/b/prod", true),
            ("**/prod", "a/b/production", false),
            ("apps", "apps/../secret", false),
            ("apps", "apps/./x", false),
            ("apps", "../apps", false),
            // The whole repository.
            ("**", "", true),
            ("*", "", false),
            ("apps", "", false),
            ("", "", false),
            ("", "apps", false),
            ("/", "apps", false),
        ] {
            assert_eq!(covers(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn paths_are_plain_and_folders_hold_them() {
        for (path, expected) in [
            ("a/b", Some("a/b")),
            ("/a/b/", Some("a/b")),
            ("././a", Some("a")),
            (".", Some("")),
            ("", Some("")),
            ("a//b", None),
            ("a/../b", None),
            ("..", None),
            ("a\\b", None),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
        assert!(within("a/b", "a") && within("a", "a") && within("a", "") && within("x", "."));
        assert!(!within("ab", "a") && !within("a", "a/b"));
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let pattern = "*a".repeat(120);
        assert!(!matches(&pattern, &"a".repeat(4096).replace('a', "b")));
        assert!(!matches(&format!("{}x", "**/a/".repeat(50)), &"a/".repeat(2000)));
    }
}
