//! Testkube's own manifests, from the folder that `ASSAY_CORPUS` names: each is
//! read or refused with an error, validation never panics, and what is not
//! supported is said by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use assay_api::{TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_plan::{has_errors, templates_used, validate_template, validate_workflow};
use serde::Deserialize;
use serde_json::Value;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
}

#[test]
fn manifests_of_testkube_are_read_or_refused_by_name() {
    let Some(corpus) = std::env::var_os("ASSAY_CORPUS").map(PathBuf::from) else {
        eprintln!("SKIPPED: ASSAY_CORPUS names no folder with the corpus of workflows");
        return;
    };
    let mut paths = Vec::new();
    files(&corpus.join("workflows"), &mut paths);
    assert!(!paths.is_empty(), "the corpus holds no manifests");
    let (mut workflows, mut supported, mut unread) = (0, 0, 0);
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("readable");
        for document in serde_yaml::Deserializer::from_str(&text) {
            let Ok(document) = Value::deserialize(document) else { continue };
            if document["kind"] != "TestWorkflow" || document["spec"].is_null() {
                continue;
            }
            workflows += 1;
            let mut unknown = Vec::new();
            let spec = serde_ignored::deserialize(&document["spec"], |field| unknown.push(field.to_string()));
            for field in &unknown {
                *reasons.entry(format!("unknown field {}", shape_of_path(field))).or_default() += 1;
            }
            match spec as Result<TestWorkflowSpec, serde_json::Error> {
                Err(error) => {
                    unread += 1;
                    assert!(!error.to_string().is_empty());
                    println!("unread {}: {error}", path.display());
                }
                Ok(spec) => {
                    let found = validate_workflow(&spec, None);
                    supported += usize::from(unknown.is_empty() && !has_errors(&found));
                    for diagnostic in found {
                        let field = diagnostic.path.rsplit('.').next().unwrap_or_default();
                        let field = field.split('[').next().unwrap_or_default();
                        *reasons.entry(format!("{field}: {}", shape(&diagnostic.message))).or_default() += 1;
                    }
                }
            }
        }
    }
    println!("{workflows} workflows: {supported} fully supported, {unread} not readable");
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (reason, count) in reasons.iter().take(40) {
        println!("{count:5} {reason}");
    }
    assert!(supported >= 100, "only {supported} workflows of the corpus are supported");
}

/// A path without its positions.
fn shape_of_path(path: &str) -> String {
    path.split('.').filter(|part| part.parse::<usize>().is_err() && *part != "?").collect::<Vec<_>>().join(".")
}

/// A message without the values in it.
fn shape(message: &str) -> String {
    message.split('`').step_by(2).collect::<Vec<_>>().join("…")
}

/// Testkube's own templates are read and judged, and its workflows find them.
#[test]
fn templates_of_testkube_are_judged_and_used() {
    let Some(corpus) = std::env::var_os("ASSAY_CORPUS").map(PathBuf::from) else {
        eprintln!("SKIPPED: ASSAY_CORPUS names no folder with the corpus of workflows");
        return;
    };
    let mut paths = Vec::new();
    files(&corpus.join("workflows"), &mut paths);
    let (mut templates, mut workflows) = (BTreeMap::new(), Vec::new());
    for path in &paths {
        let text = std::fs::read_to_string(path).expect("readable");
        for document in serde_yaml::Deserializer::from_str(&text) {
            let Ok(document) = Value::deserialize(document) else { continue };
            let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            match document["kind"].as_str() {
                Some("TestWorkflowTemplate") => {
                    if let Ok(spec) = serde_json::from_value::<TestWorkflowTemplateSpec>(document["spec"].clone()) {
                        templates.insert(name, spec);
                    }
                }
                Some("TestWorkflow") => {
                    workflows.extend(serde_json::from_value::<TestWorkflowSpec>(document["spec"].clone()));
                }
                _ => {}
            }
        }
    }
    let sound = templates.values().filter(|template| !has_errors(&validate_template(template))).count();
    let using: Vec<&TestWorkflowSpec> = workflows.iter().filter(|spec| !templates_used(spec).is_empty()).collect();
    let found = using.iter().filter(|spec| templates_used(spec).iter().all(|name| templates.contains_key(*name)));
    let found = found.count();
    let whole = using.iter().filter(|spec| !has_errors(&validate_workflow(spec, Some(&templates)))).count();
    println!(
        "{} templates, {sound} sound; {} workflows use some, {found} find all, {whole} are whole",
        templates.len(),
        using.len()
    );
    assert!(sound > 10 && found > 10 && whole > 0, "the templates of the corpus are not understood");
}
