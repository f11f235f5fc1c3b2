//! Rules of the files that a workflow brings.

use std::collections::BTreeMap;

use assay_api::{ContentFile, TestWorkflowSpec};

use crate::diagnostic::Findings;
use crate::path::{absolute, is_below_workspace};

const MAX_MODE: i32 = 0o777;

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for (index, file) in spec.content.iter().flat_map(|content| &content.files).enumerate() {
        let path = format!("spec.content.files[{index}]");
        check_file(&path, file, findings);
        if findings.is_open(&file.path) || !check_path(&format!("{path}.path"), &file.path, findings) {
            continue;
        }
        let place = absolute(&file.path);
        if let Some(other) = first.get(&place) {
            let message = format!("`{place}` is already written by {other}");
            findings.error(format!("{path}.path"), message, "give each file a path of its own");
        } else {
            check_nesting(&format!("{path}.path"), &place, &first, findings);
            first.insert(place, path);
        }
    }
}

fn check_file(path: &str, file: &ContentFile, findings: &mut Findings) {
    if file.content.is_none() && file.content_from.is_none() {
        findings.error(
            format!("{path}.content"),
            "the file has no content",
            "give it `content`, which may be empty: \"\"",
        );
    }
    if let Some(mode) = file.mode.filter(|mode| !(0..=MAX_MODE).contains(mode)) {
        let message = format!("{mode} is more than the permission bits");
        findings.error(format!("{path}.mode"), message, "write octal 0755 as decimal 493");
    }
}

fn check_path(path: &str, place: &str, findings: &mut Findings) -> bool {
    const HINT: &str = "write a path relative to /data, or one below it";
    if place.trim().is_empty() {
        findings.error(path, "the path is empty", HINT);
    } else if place.split('/').any(|part| part == "..") {
        findings.error(path, format!("`{place}` contains `..`"), HINT);
    } else if place.ends_with('/') {
        findings.error(path, format!("`{place}` is a folder"), "end it with a file name");
    } else if !is_below_workspace(&absolute(place)) {
        findings.error(path, format!("`{place}` lies outside the workspace"), HINT);
    } else {
        return true;
    }
    false
}

/// A file cannot also be the folder of another one.
fn check_nesting(path: &str, place: &str, others: &BTreeMap<String, String>, findings: &mut Findings) {
    let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    if let Some((other, at)) = others.iter().find(|(other, _)| inside(other, place) || inside(place, other)) {
        let message = format!("`{place}` and `{other}` ({at}) cannot both be files");
        findings.error(path, message, "rename one of them");
    }
}
