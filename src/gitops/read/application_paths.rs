//! Which paths of a repository an `Application` is made of.

use serde_json::Value;

use super::fields::{annotation, list, text};
use super::paths::{before_wildcard, clean, reduce, resolve};
use crate::paths::within;

/// Annotation by which people tell Argo CD what an Application is made of.
const GENERATE_PATHS: &str = "argocd.argoproj.io/manifest-generate-paths";
/// More paths than these are not followed: the whole repository is taken instead.
const LIMIT: usize = 64;

/// The delivered paths of one source, and what is to be said about them: its folder, what the annotation
/// `manifest-generate-paths` adds, and, for a source that only gives value files to another, those files.
pub(super) fn delivered_paths(object: &Value, index: usize) -> (Vec<String>, Vec<String>) {
    let mut remarks = Vec::new();
    let Some(source) = source_at(object, index) else { return (Vec::new(), remarks) };
    let folder = clean(text(source, "/path").unwrap_or_default()).unwrap_or_default();
    let mut paths = if folder.is_empty() { value_files(object, source) } else { vec![folder.clone()] };
    if paths.is_empty() {
        paths.push(String::new());
    }
    for written in annotation(object, GENERATE_PATHS).unwrap_or_default().split(';').map(str::trim) {
        if written.is_empty() {
            continue;
        }
        let (plain, cut) = before_wildcard(written);
        let Some(path) = resolve(&folder, &plain) else {
            remarks.push(format!("{GENERATE_PATHS}: {written:?} leaves the repository and is not looked at"));
            continue;
        };
        if cut {
            remarks.push(format!("{GENERATE_PATHS}: for {written:?} all of {:?} is judged and restored", shown(&path)));
        }
        paths.push(path);
    }
    if paths.len() > LIMIT {
        remarks.push(format!("more than {LIMIT} delivered paths: the whole repository is judged and restored"));
        paths = vec![String::new()];
    }
    (reduce(paths), remarks)
}

/// Value files outside the folder of a source, and whether it takes anything else from outside.
pub(super) fn beyond(object: &Value, index: usize) -> (Vec<String>, bool) {
    let Some(source) = source_at(object, index) else { return (Vec::new(), false) };
    let folder = clean(text(source, "/path").unwrap_or_default()).unwrap_or_default();
    let files = list(source, "/helm/valueFiles").iter().filter_map(Value::as_str);
    // Those of another source, or of another server, are not of this repository.
    let files = files.filter(|file| !file.starts_with('$') && !file.contains("://"));
    let outside = |file: &&str| resolve(&folder, file).is_none_or(|path| !within(&path, &folder));
    let files: Vec<String> = files.filter(outside).map(str::to_owned).collect();
    let beyond = !files.is_empty() || !list(source, "/kustomize/components").is_empty();
    (files, beyond)
}

fn source_at(object: &Value, index: usize) -> Option<&Value> {
    object.pointer("/spec/sourceHydrator/drySource").or_else(|| match list(object, "/spec/sources") {
        [] => object.pointer("/spec/source"),
        several => several.get(index),
    })
}

/// The files that other sources take from a source by its `ref`: `$values/prod/values.yaml`.
fn value_files(object: &Value, source: &Value) -> Vec<String> {
    let Some(name) = text(source, "/ref") else { return Vec::new() };
    let files = list(object, "/spec/sources").iter().flat_map(|other| list(other, "/helm/valueFiles"));
    let ours = files.filter_map(|file| file.as_str()?.strip_prefix('$')?.strip_prefix(name)?.strip_prefix('/'));
    ours.filter_map(|file| clean(&before_wildcard(file).0)).collect()
}

fn shown(path: &str) -> &str {
    if path.is_empty() { "the repository" } else { path }
}
