//! Every diagnostic of a workflow alone, with its exact text, from `diagnostics.yaml`.

use assay_api::{ContainerConfig, Content, ContentFile, Step, TestWorkflowSpec};
use assay_plan::{MAX_CONTAINERS, Severity, validate_workflow};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    about: String,
    workflow: serde_json::Map<String, Value>,
    says: Vec<String>,
}

fn said(spec: &TestWorkflowSpec) -> Vec<String> {
    let with_severity = |diagnostic: assay_plan::Diagnostic| match diagnostic.severity {
        Severity::Error => diagnostic.to_string(),
        Severity::Warning => format!("warning: {diagnostic}"),
    };
    validate_workflow(spec, None).into_iter().map(with_severity).collect()
}

#[test]
fn every_diagnostic_has_its_text() {
    let entries: Vec<Entry> = serde_yaml::from_str(include_str!("diagnostics.yaml")).expect("the table is YAML");
    assert!(entries.len() > 15, "only {} entries", entries.len());
    for entry in entries {
        let mut workflow = json!({ "container": { "image": "alpine" }, "steps": [{ "shell": "true" }] });
        for (field, value) in entry.workflow {
            workflow[field] = value;
        }
        let spec: TestWorkflowSpec =
            serde_json::from_value(workflow).unwrap_or_else(|error| panic!("{}: {error}", entry.about));
        assert_eq!(said(&spec), entry.says, "{}", entry.about);
    }
}

fn script(text: &str) -> Step {
    Step { shell: Some(text.to_owned()), ..Step::default() }
}

fn image(name: String) -> Option<ContainerConfig> {
    Some(ContainerConfig { image: Some(name), ..ContainerConfig::default() })
}

#[test]
fn a_pod_holds_only_so_many_containers() {
    let step = |index: usize| Step { container: image(format!("image:{index}")), ..script("true") };
    let spec = |count: usize| TestWorkflowSpec { steps: (0..count).map(step).collect(), ..TestWorkflowSpec::default() };
    assert_eq!(said(&spec(MAX_CONTAINERS)), [""; 0]);
    let expected = "spec.steps: the steps need 31 different containers, more than 30; let steps share image, resources, \
                    security context and `valueFrom` environment";
    assert_eq!(said(&spec(31)), [expected]);
}

#[test]
fn a_plan_fits_into_a_config_map() {
    let file = ContentFile { path: "big".to_owned(), content: Some("x".repeat(921_600)), ..ContentFile::default() };
    let spec = TestWorkflowSpec {
        container: image("alpine".to_owned()),
        content: Some(Content { files: vec![file], ..Content::default() }),
        steps: vec![script("true")],
        ..TestWorkflowSpec::default()
    };
    let found = said(&spec);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("spec: the plan has 922"), "{found:?}");
    assert!(found[0].ends_with("bytes, more than 921600; move large files and scripts into an image"), "{found:?}");
}

#[test]
fn a_list_has_only_so_many_steps() {
    let spec = TestWorkflowSpec {
        container: image("alpine".to_owned()),
        steps: vec![script("true"); 201],
        ..TestWorkflowSpec::default()
    };
    assert_eq!(said(&spec), ["spec.steps: 201 steps are too many; at most 200 are possible"]);
}
