//! Objects of real projects.

use std::path::PathBuf;
use std::sync::Arc;

use assay_api::DeliveryKind;
use serde_json::Value;

use super::objects::{reference, repository};
use crate::read::{ReadContext, read};

/// Every object of the corpus can be read, and gives a source exactly where it names one.
#[test]
fn objects_of_real_projects() {
    let Some(corpus) = std::env::var_os("ASSAY_CORPUS").map(PathBuf::from) else { return };
    let index = std::fs::read_to_string(corpus.join("gitops/objects.jsonl")).expect("the index of the corpus");
    let (mut seen, mut sourced) = (0, 0);
    for line in index.lines() {
        let row: Value = serde_json::from_str(line).expect("a line of JSON");
        let kind = match row["kind"].as_str() {
            Some("Application") => DeliveryKind::Application,
            Some("Kustomization") => DeliveryKind::Kustomization,
            Some("HelmRelease") => DeliveryKind::HelmRelease,
            _ => continue,
        };
        let path = corpus.join(row["path"].as_str().expect("a path"));
        let text = std::fs::read_to_string(&path).expect("a file of the corpus");
        let index = usize::try_from(row["index"].as_u64().expect("an index")).expect("a small index");
        let mut documents = Vec::new();
        for document in serde_yaml::Deserializer::from_str(&text) {
            match <Value as serde::Deserialize>::deserialize(document) {
                Ok(value) => documents.push(value),
                Err(_) => break,
            }
        }
        let Some(object) = documents.get(index) else { continue };
        let name = object["metadata"]["name"].as_str().unwrap_or_default();
        let context = ReadContext { git_repository: Some(Arc::new(repository())), ..ReadContext::default() };
        let found = read(kind, object, &context, &reference(kind, name));
        seen += 1;
        let names_one = ["source", "sources", "sourceRef", "chart", "chartRef"].iter().any(|field| {
            object
                .pointer(&format!("/spec/{field}"))
                .is_some_and(|source| *source != Value::Object(serde_json::Map::new()))
        });
        assert_eq!(!found.sources.is_empty(), names_one || kind == DeliveryKind::HelmRelease, "{}", path.display());
        sourced += usize::from(names_one);
        assert!(!found.applied || found.attempted.is_some(), "{}", path.display());
    }
    assert!(seen >= 30, "only {seen} objects were read");
    assert!(sourced >= 20, "only {sourced} of them name a source");
}
