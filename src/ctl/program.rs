//! The name by which the program was called. It stands in every usage and hint.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::OnceLock;

static CALLED: OnceLock<&'static str> = OnceLock::new();

/// As a plugin of kubectl the program is called `kubectl-assay`, and typed `kubectl assay`.
pub(crate) fn is_plugin(path: Option<&OsStr>) -> bool {
    let stem = path.and_then(|path| Path::new(path).file_stem()).and_then(OsStr::to_str);
    stem.is_some_and(|stem| stem == "kubectl-assay" || stem == "kubectl_assay")
}

/// Notes how the program was called. The first word counts.
pub(crate) fn remember(plugin: bool) {
    // A second call in the same process, as tests make them, changes nothing.
    let _ = CALLED.set(if plugin { "kubectl assay" } else { "assay" });
}

/// What people type: `assay`, or `kubectl assay`.
pub(crate) fn called() -> &'static str {
    CALLED.get().copied().unwrap_or("assay")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_known_by_its_file() {
        for (path, plugin) in [
            ("kubectl-assay", true),
            ("/usr/local/bin/kubectl-assay", true),
            ("kubectl-assay.exe", true),
            ("kubectl_assay", true),
            ("assay", false),
            ("/opt/assay", false),
            ("", false),
        ] {
            assert_eq!(is_plugin(Some(OsStr::new(path))), plugin, "{path}");
        }
        assert!(!is_plugin(None));
    }
}
