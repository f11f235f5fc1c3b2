//! Paths in the pod, worked out on text alone.

use assay_api::names::PATH_WORKSPACE;

/// The path as an absolute one without `.`, `..` and doubled slashes; relative
/// paths count from the workspace. `..` stops at the root.
pub(crate) fn absolute(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    if !path.starts_with('/') {
        parts.extend(PATH_WORKSPACE.split('/').filter(|part| !part.is_empty()));
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Whether an absolute path lies below the workspace (and is not the workspace itself).
pub(crate) fn is_below_workspace(path: &str) -> bool {
    path.strip_prefix(PATH_WORKSPACE).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute() {
        for (path, expected) in [
            ("", "/data"),
            (".", "/data"),
            ("a/./b//c/", "/data/a/b/c"),
            ("../x", "/x"),
            ("/app/../opt", "/opt"),
            ("/../..", "/"),
            ("/", "/"),
        ] {
            assert_eq!(absolute(path), expected, "{path}");
        }
    }

    #[test]
    fn the_workspace_has_an_inside() {
        for (path, inside) in [("/data/a", true), ("/data", false), ("/database", false), ("/etc/data/a", false)] {
            assert_eq!(is_below_workspace(path), inside, "{path}");
        }
    }
}
