//! Names that say nothing, because a file under such a name collects everything.

use crate::finding::Finding;
use crate::source::Tree;

const BANNED: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc"];

fn banned(name: &str) -> bool {
    BANNED.contains(&name) || name.ends_with("_manager")
}

/// Files and folders (`files`) and modules inside files (`trees`) with such names.
#[must_use]
pub fn check(files: &[String], trees: &[Tree]) -> Vec<Finding> {
    let way_out = "says nothing about what is inside; name it after that, or split it up";
    let mut findings = Vec::new();
    for file in files {
        let parts = file.trim_end_matches(".rs").split('/');
        for part in parts.filter(|part| banned(part)) {
            findings.push(Finding::new(file, format!("the name {part:?} {way_out}")));
        }
    }
    for module in trees.iter().flat_map(|tree| &tree.modules) {
        let name = module.path.last().map_or("", String::as_str);
        if banned(name) {
            findings.push(Finding::at(&module.file, module.line, format!("the module name {name:?} {way_out}")));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found() {
        let files =
            ["src/api/utils.rs", "src/helper/a.rs", "src/a/pod_manager.rs", "src/manager/lib.rs", "src/a/commonly.rs"];
        let files = files.map(str::to_owned);
        assert_eq!(check(&files, &[]).len(), 3);
    }
}
