//! Objects that take more with them than themselves when they are removed: definitions of kinds, namespaces, claims.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_yaml::Value;

use crate::blobs;
use crate::deployed::Deployed;
use crate::error::GitError;
use crate::mirror::Mirror;
use crate::session::Session;

const KINDS: [&str; 3] = ["CustomResourceDefinition", "Namespace", "PersistentVolumeClaim"];
/// Bytes of a file that is read as YAML; a larger one is searched for words.
const LONGEST: usize = 2 << 20;
/// Files that are read.
const FILES: usize = 2000;

/// What is deployed at bad and would not be at good.
pub(crate) async fn removed(
    mirror: &Mirror,
    session: &Session,
    bad: &Deployed,
    good: &Deployed,
) -> Result<Vec<String>, GitError> {
    // What is the same in both takes nothing away.
    let differing = |one: &Deployed, other: &Deployed| -> Vec<(String, String)> {
        let same = |(path, id): &(&String, &String)| other.files.get(*path) == Some(*id);
        one.files.iter().filter(|file| !same(file)).map(|(path, id)| (path.clone(), id.clone())).collect()
    };
    let (at_bad, at_good) = (differing(bad, good), differing(good, bad));
    let ids: BTreeSet<String> = at_bad.iter().chain(&at_good).map(|(_, id)| id.clone()).collect();
    if ids.len() > FILES {
        return Err(GitError::TooLarge { doing: "read the files that differ", limit: FILES as u64 });
    }
    let contents = blobs::read(mirror, session, &ids).await?;
    let objects = |files: &[(String, String)]| -> BTreeSet<String> {
        let texts = files.iter().filter_map(|(path, id)| contents.get(id).map(|text| (path, text)));
        texts.flat_map(|(path, text)| precious(path, text)).collect()
    };
    let kept = objects(&at_good);
    Ok(objects(&at_bad).into_iter().filter(|object| !kept.contains(object)).collect())
}

/// The precious objects in a file, for people.
fn precious(path: &str, text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    if !KINDS.iter().any(|kind| text.contains(kind)) {
        return Vec::new();
    }
    let documents = if text.len() <= LONGEST { parse(&text) } else { None };
    let Some(documents) = documents else { return by_words(path, &text) };
    let mut found = Vec::new();
    for document in &documents {
        named(document, &mut found);
        for item in document["items"].as_sequence().into_iter().flatten() {
            named(item, &mut found);
        }
    }
    found
}

fn parse(text: &str) -> Option<Vec<Value>> {
    serde_yaml::Deserializer::from_str(text).map(|document| Value::deserialize(document).ok()).collect()
}

fn named(object: &Value, found: &mut Vec<String>) {
    let Some(kind) = object["kind"].as_str().filter(|kind| KINDS.contains(kind)) else { return };
    let about = &object["metadata"];
    let name = about["name"].as_str().or_else(|| about["generateName"].as_str()).unwrap_or("without a name");
    let namespace = about["namespace"].as_str().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    found.push(crate::complaint::cut(&format!("{kind} {namespace}{name}"), 200));
}

/// A template is no YAML; its kinds can be read all the same, its names not.
fn by_words(path: &str, text: &str) -> Vec<String> {
    let kinds = text.lines().filter_map(|line| line.trim().strip_prefix("kind:"));
    let kinds = kinds.map(|kind| kind.trim().trim_matches(['"', '\''])).filter(|kind| KINDS.contains(kind));
    kinds.map(|kind| format!("{kind} in {path}")).collect()
}

#[cfg(test)]
mod tests {
    use super::precious;

    #[test]
    fn precious_objects_are_found_in_documents_lists_and_templates() {
        let text = b"kind: Namespace\nmetadata: {name: shop}\n---\nkind: ConfigMap\nmetadata: {name: x}\n---\n\
            kind: List\nitems:\n- kind: PersistentVolumeClaim\n  metadata: {name: data, namespace: shop}\n";
        assert_eq!(precious("a.yaml", text), ["Namespace shop", "PersistentVolumeClaim shop/data"]);
        let template =
            b"{{- if .Values.crds }}\nkind: CustomResourceDefinition\nmetadata:\n  name: {{ .name }}\n{{- end }}\n";
        assert_eq!(precious("t/crd.yaml", template), ["CustomResourceDefinition in t/crd.yaml"]);
        assert!(precious("b.yaml", b"kind: ConfigMap\nmetadata: {name: Namespace}\n").is_empty());
    }
}
