//! Words that must not be in the repository: they are true on one machine only.

use crate::finding::Finding;

/// Where people and programs read: everything but generated lock files.
pub const PLACES: &[&str] =
    &["README.md", "ARCHITECTURE.md", "docs", "src", "tests", "charts", "examples", "Makefile", ".ci"];

const LOCKS: &[&str] = &["Cargo.lock", "go.sum", "package-lock.json", "pnpm-lock.yaml", "yarn.lock"];

/// A file that only a package tool writes and reads.
#[must_use]
pub fn is_lock(file: &str) -> bool {
    LOCKS.contains(&file.rsplit('/').next().unwrap_or(file))
}

/// Put together at run time, so that this file is not found by itself.
fn needles() -> Vec<String> {
    let hosts = [
        ["proxy.golang", "org"],
        ["registry.npmjs", "org"],
        ["registry.yarnpkg", "com"],
        ["index.crates", "io"],
        ["static.crates", "io"],
        ["pypi", "org"],
        ["files.pythonhosted", "org"],
        ["deb.debian", "org"],
        ["security.debian", "org"],
    ];
    hosts.iter().map(|host| host.join(".")).collect()
}

/// Every line of a text file that names such a place.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let folder = ["", "work", ""].join("/");
    let needles = needles();
    let mut findings = Vec::new();
    if text.contains('\0') {
        return findings;
    }
    for (at, line) in text.lines().enumerate() {
        if begins_path(line, &folder) {
            let words = format!(
                "names the folder {folder}, which is on one machine only; use a path relative to the repository or a variable"
            );
            findings.push(Finding::at(file, at + 1, words));
        }
        for needle in needles.iter().filter(|needle| line.contains(needle.as_str())) {
            let words = format!("names the registry {needle}; leave it to the configuration of the tool that fetches");
            findings.push(Finding::at(file, at + 1, words));
        }
    }
    findings
}

/// Is the folder named as an absolute path, not as the middle of one?
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.}/*".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_with_their_line() {
        let folder = ["", "work", "main"].join("/");
        let host = ["pypi", "org"].join(".");
        let text = format!("fine\ncd {folder}\n{host}/simple\n/assay{folder}/x and ${{HOME}}{folder}/x\n");
        let places: Vec<String> = check("a.md", &text).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["a.md:2", "a.md:3"]);
        assert!(check("a.bin", &format!("\0{folder}/")).is_empty());
        assert!(is_lock("ui/package-lock.json") && !is_lock("src/lock.rs"));
    }
}
