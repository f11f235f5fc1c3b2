//! Objects of the API server that are kept as YAML: of ours, and those that engines bring.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Deserialize as _;
use serde_json::Value;

use crate::api::{Api, ApiError};

/// The longest wait for a new kind to be served.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a wait looks again.
const GLANCE: Duration = Duration::from_millis(50);

/// Why objects could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// A file of definitions could not be read.
    #[error("cannot read {0}")]
    File(PathBuf, #[source] io::Error),
    /// A file of definitions is not YAML.
    #[error("{0} is not YAML")]
    NotYaml(PathBuf, #[source] serde_yaml::Error),
    /// The API server says no.
    #[error("an object cannot be made")]
    Api(#[from] ApiError),
    /// A definition was accepted, but its kind is not served.
    #[error("{0} was applied, but is not served after {PATIENCE:?}")]
    NotServed(String),
}

/// The documents of a YAML text.
///
/// # Errors
/// When it is not YAML.
pub fn documents(text: &str) -> Result<Vec<Value>, serde_yaml::Error> {
    let all = serde_yaml::Deserializer::from_str(text).map(Value::deserialize).collect::<Result<Vec<_>, _>>()?;
    Ok(all.into_iter().filter(Value::is_object).collect())
}

/// Every definition of a kind in the files of a folder.
///
/// # Errors
/// When a file cannot be read or is not YAML.
pub fn definitions(folder: &Path) -> Result<Vec<Value>, ObjectsError> {
    let at = |source| ObjectsError::File(folder.to_owned(), source);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at)? {
        let path = entry.map_err(at)?.path();
        let text = fs::read_to_string(&path).map_err(|source| ObjectsError::File(path.clone(), source))?;
        let all = documents(&text).map_err(|source| ObjectsError::NotYaml(path, source))?;
        found.extend(all.into_iter().filter(|object| object["kind"] == "CustomResourceDefinition"));
    }
    Ok(found)
}

/// Applies definitions and waits until their kinds are served.
///
/// # Errors
/// When the API server refuses, or does not serve a kind in time.
pub fn define(api: &Api, definitions: &[Value]) -> Result<(), ObjectsError> {
    apply(api, definitions)?;
    let deadline = Instant::now() + PATIENCE;
    for definition in definitions {
        let name = definition["metadata"]["name"].as_str().unwrap_or_default();
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        while !api.get(&path)?.is_some_and(|now| served(&now)) {
            if Instant::now() > deadline {
                return Err(ObjectsError::NotServed(name.to_owned()));
            }
            std::thread::sleep(GLANCE);
        }
    }
    Ok(())
}

/// Applies objects in their order.
///
/// # Errors
/// When the API server refuses.
pub fn apply(api: &Api, objects: &[Value]) -> Result<(), ObjectsError> {
    Ok(objects.iter().try_for_each(|object| api.apply(object))?)
}

fn served(definition: &Value) -> bool {
    let conditions = definition["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_are_read_with_and_without_a_leading_line() {
        assert_eq!(documents("---\na: 1\n---\nb: 2\n").unwrap(), [json!({"a": 1}), json!({"b": 2})]);
        assert_eq!(documents("a: 1\n---\n# nothing\n").unwrap(), [json!({"a": 1})]);
        assert!(documents("a: [").is_err());
    }

    #[test]
    fn only_definitions_are_taken_from_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.yaml"), "kind: CustomResourceDefinition\n").unwrap();
        fs::write(folder.path().join("kustomization.yaml"), "kind: Kustomization\n").unwrap();
        assert_eq!(definitions(folder.path()).unwrap().len(), 1);
        assert!(definitions(&folder.path().join("nowhere")).is_err());
    }

    #[test]
    fn a_kind_is_served_once_it_is_established() {
        let condition = |status: &str| json!({"status": {"conditions": [{"type": "Established", "status": status}]}});
        assert!(served(&condition("True")));
        assert!(!served(&condition("False")) && !served(&json!({})));
    }
}
