//! Rules of globs. A light check: what it lets through the runner still reports
//! when it matches nothing.

use assay_api::Artifacts;

use crate::diagnostic::Findings;

pub(super) fn check(path: &str, rule: &Artifacts, findings: &mut Findings) {
    let list = format!("{path}.paths");
    if rule.paths.is_empty() {
        findings.error(&list, "no path says what to collect", "write for example `reports/**/*.xml`");
    } else if rule.paths.iter().all(|glob| glob.starts_with('!')) {
        findings.error(&list, "all paths exclude, none includes", "add for example `**/*`");
    }
    for (index, glob) in rule.paths.iter().enumerate() {
        if let Some((message, hint)) = mistake(glob).filter(|_| !findings.is_open(glob)) {
            findings.error(format!("{list}[{index}]"), message, hint);
        }
    }
}

fn mistake(glob: &str) -> Option<(String, &'static str)> {
    let pattern = glob.strip_prefix('!').unwrap_or(glob);
    if pattern.trim().is_empty() {
        return Some(("the path is empty".to_owned(), "write for example `reports/**/*.xml`"));
    }
    if pattern.split('/').any(|part| part == "..") {
        return Some((format!("`{glob}` contains `..`"), "set `workingDir`, or write an absolute path"));
    }
    if pattern.contains("***") {
        return Some((format!("`{glob}` contains `***`"), "write `**` to cross folders"));
    }
    unbalanced(pattern)
        .map(|open| (format!("`{glob}` has `{open}` without its partner"), "close it, or write `\\` before it"))
}

/// The bracket that has no partner.
fn unbalanced(pattern: &str) -> Option<char> {
    let (mut braces, mut class, mut escaped) = (0usize, false, false);
    for letter in pattern.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' if class => class = false,
            _ if class => {}
            '[' => class = true,
            '{' => braces += 1,
            '}' if braces == 0 => return Some('}'),
            '}' => braces -= 1,
            _ => {}
        }
    }
    if class { Some('[') } else { (braces > 0).then_some('{') }
}
