//! What a `kustomization.yaml` or a `Chart.yaml` refers to, as it stands in it.

use serde_yaml::Value;

/// Names of the file, as Kustomize looks for it.
pub(crate) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
/// Name of the file that makes a folder a chart.
pub(crate) const CHART: &str = "Chart.yaml";
/// Bytes of such a file.
const LONGEST: usize = 1 << 20;

/// Lists of paths.
const LISTS: [&str; 8] =
    ["resources", "components", "bases", "crds", "configurations", "generators", "transformers", "validators"];
/// Lists of paths or of inline text.
const TEXTS: [&str; 1] = ["patchesStrategicMerge"];
/// Lists of objects with a `path`.
const OBJECTS: [&str; 3] = ["patches", "patchesJson6902", "replacements"];

/// The paths that a kustomization refers to, relative to its folder; `None` when it cannot be read.
pub(crate) fn references(text: &[u8]) -> Option<Vec<String>> {
    let document = read(text)?;
    let mut found = Vec::new();
    for name in LISTS.iter().chain(&TEXTS) {
        found.extend(strings(&document[*name]));
    }
    for name in OBJECTS {
        found.extend(items(&document[name]).filter_map(|item| text_of(&item["path"])));
    }
    for name in ["configMapGenerator", "secretGenerator"] {
        for item in items(&document[name]) {
            found.extend(strings(&item["files"]).into_iter().map(after_key));
            found.extend(strings(&item["envs"]));
            found.extend(text_of(&item["env"]));
        }
    }
    for chart in items(&document["helmCharts"]) {
        found.extend(text_of(&chart["valuesFile"]));
        found.extend(strings(&chart["additionalValuesFiles"]));
    }
    found.extend(text_of(&document["helmGlobals"]["chartHome"]));
    found.extend(text_of(&document["openapi"]["path"]));
    found.retain(|path| is_local(path));
    Some(found)
}

/// The charts that a chart brings along from other folders; `None` when it cannot be read.
pub(crate) fn chart_references(text: &[u8]) -> Option<Vec<String>> {
    let document = read(text)?;
    let repositories = items(&document["dependencies"]).filter_map(|item| text_of(&item["repository"]));
    Some(repositories.filter_map(|at| at.strip_prefix("file://").map(str::to_owned)).collect())
}

fn read(text: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST)?;
    serde_yaml::from_str::<Value>(text).ok()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_sequence().into_iter().flatten()
}

fn strings(value: &Value) -> Vec<String> {
    items(value).filter_map(text_of).collect()
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// `KEY=FILE` of a generator.
fn after_key(text: String) -> String {
    match text.split_once('=') {
        Some((_, file)) => file.to_owned(),
        None => text,
    }
}

/// Neither another server's nor text that stands in the file itself.
fn is_local(path: &str) -> bool {
    let inline = path.contains('\n') || path.contains(": ") || path.trim_start().starts_with('{');
    !path.is_empty() && !inline && !path.contains("://") && !path.contains("?ref=") && !path.starts_with("git@")
}

#[cfg(test)]
mod tests {
    use super::{chart_references, references};

    #[test]
    fn everything_that_names_a_file_is_found() {
        let text = br#"
resources: [deployment.yaml, ../base, "https://example.com/x.yaml", "git@h:o/r"]
components: [../components/a]
patches:
- path: patch.yaml
- patch: |-
    - op: remove
- target: {kind: Deployment}
patchesStrategicMerge:
- merge.yaml
- |-
  kind: X
replacements: [{path: r.yaml}]
configMapGenerator:
- name: x
  files: [app.conf, key=../shared/other.conf]
  envs: [a.env]
secretGenerator:
- env: s.env
helmCharts:
- name: c
  valuesFile: values.yaml
  additionalValuesFiles: [more.yaml]
helmGlobals: {chartHome: ../charts}
openapi: {path: schema.json}
"#;
        let mut found = references(text).unwrap();
        found.sort();
        let expected = [
            "../base",
            "../charts",
            "../components/a",
            "../shared/other.conf",
            "a.env",
            "app.conf",
            "deployment.yaml",
            "merge.yaml",
            "more.yaml",
            "patch.yaml",
            "r.yaml",
            "s.env",
            "schema.json",
            "values.yaml",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn hostile_text_is_not_expanded() {
        assert!(references(b"\xff\xfe").is_none());
        assert!(references(b"a: [").is_none());
        assert_eq!(references(b"resources: 7\npatches: {}\n").unwrap(), Vec::<String>::new());
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for level in 1..12 {
            let list = vec![format!("*a{}", level - 1); 10].join(",");
            bomb.push_str(&format!("a{level}: &a{level} [{list}]\n"));
        }
        assert!(references(bomb.as_bytes()).is_none());
    }

    #[test]
    fn charts_name_the_charts_beside_them() {
        let text =
            b"name: x\ndependencies:\n- {name: a, repository: 'file://../a'}\n- {name: b, repository: https://h}\n";
        assert_eq!(chart_references(text).unwrap(), ["../a"]);
    }
}
