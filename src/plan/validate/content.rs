//! Rules of the files that a workflow brings.

use std::collections::BTreeMap;

use assay_api::{Content, ContentFile, TestWorkflowSpec};
use k8s_openapi::api::core::v1::EnvVarSource;

use crate::diagnostic::Findings;
use crate::path::{absolute, is_below_workspace};
use crate::tree::written;

const MAX_MODE: i32 = 0o777;

pub(super) fn check(spec: &TestWorkflowSpec, findings: &mut Findings) {
    check_list("spec.content", spec.content.as_ref(), findings);
    for (path, step) in written(spec) {
        check_list(&format!("{path}.content"), step.content.as_ref(), findings);
    }
}

fn check_list(path: &str, content: Option<&Content>, findings: &mut Findings) {
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for (index, file) in content.iter().flat_map(|content| &content.files).enumerate() {
        let path = format!("{path}.files[{index}]");
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
    if file.content.is_some() && file.content_from.is_some() {
        findings.error(path, "the file has both `content` and `contentFrom`", "keep one of them");
    }
    if let Some(source) = &file.content_from {
        check_source(&format!("{path}.contentFrom"), source, findings);
    }
    if let Some(mode) = file.mode.filter(|mode| !(0..=MAX_MODE).contains(mode)) {
        let message = format!("{mode} is more than the permission bits");
        findings.error(format!("{path}.mode"), message, "write octal 0755 as decimal 493");
    }
}

fn check_source(path: &str, source: &EnvVarSource, findings: &mut Findings) {
    let secret = source.secret_key_ref.as_ref().map(|from| (&from.name, &from.key));
    let config_map = source.config_map_key_ref.as_ref().map(|from| (&from.name, &from.key));
    match (secret, config_map, &source.field_ref, &source.resource_field_ref) {
        (Some((name, key)), None, None, None) | (None, Some((name, key)), None, None) => {
            if name.is_empty() || key.is_empty() {
                findings.error(path, "the source is named only in part", "give it name and key");
            }
        }
        _ => {
            let hint = "give it exactly one of `secretKeyRef` or `configMapKeyRef`";
            findings.error(path, "the source is not one that a file can come from", hint);
        }
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
