//! Paths in a repository as deliveries write them.

/// A path without `.`, `..`, doubled, leading and trailing `/`; empty is the whole repository. `None` when it
/// leaves the repository.
pub(super) fn clean(path: &str) -> Option<String> {
    resolve("", path)
}

/// A path that is written relative to a folder, or, with a leading `/`, to the root of the repository.
pub(super) fn resolve(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { folder };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The part of a path before its first wildcard: everything that the wildcards can match is below it.
pub(super) fn before_wildcard(path: &str) -> (String, bool) {
    let plain: Vec<&str> = path.split('/').take_while(|part| !part.contains(['*', '?', '[', '{', '\\'])).collect();
    let kept = plain.join("/");
    let cut = kept.len() != path.len();
    // What is left of a path from the root stays one.
    if path.starts_with('/') && kept.is_empty() { ("/".to_owned(), cut) } else { (kept, cut) }
}

/// Sorted, and without those that lie within another.
pub(super) fn reduce(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths.dedup();
    let all = paths.clone();
    paths.retain(|path| !all.iter().any(|other| other != path && covers(other, path)));
    paths
}

/// Whether a path is another, or lies within it.
pub(super) fn covers(folder: &str, path: &str) -> bool {
    folder.is_empty() || path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_taken_from_the_root_of_the_repository() {
        for (folder, path, expected) in [
            ("", "./apps/web/", Some("apps/web")),
            ("", "/", Some("")),
            ("", ".", Some("")),
            ("apps/web", ".", Some("apps/web")),
            ("apps/web", "../shared", Some("apps/shared")),
            ("apps/web", "/shared//x/", Some("shared/x")),
            ("apps/web", "../../..", None),
            ("", "..", None),
        ] {
            assert_eq!(resolve(folder, path).as_deref(), expected, "{folder} {path}");
        }
    }

    #[test]
    fn a_path_within_another_is_left_out() {
        let reduced = |paths: &[&str]| reduce(paths.iter().map(|path| (*path).to_owned()).collect());
        assert_eq!(reduced(&["b", "a/c", "a", "a-b", "b"]), ["a", "a-b", "b"]);
        assert_eq!(reduced(&["b", ""]), [""]);
    }

    #[test]
    fn wildcards_are_widened_to_the_folder_that_holds_them() {
        assert_eq!(before_wildcard("shared/*-secret.yaml"), ("shared".to_owned(), true));
        assert_eq!(before_wildcard("**/x"), (String::new(), true));
        assert_eq!(before_wildcard("/**/x"), ("/".to_owned(), true));
        assert_eq!(before_wildcard("shared/x"), ("shared/x".to_owned(), false));
    }
}
