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
    let mut wrong = 0;
    for entry in &entries {
        let found = said(&over_a_sound_one(&entry.workflow));
        if found != entry.says {
            wrong += 1;
            println!("- about: {}", entry.about);
            for line in found {
                println!("    - {}", json!(line));
            }
        }
    }
    assert_eq!(wrong, 0, "entries of the table do not say what is said");
}

/// A workflow with one mistake.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mistake {
    workflow: serde_json::Map<String, Value>,
    #[serde(default)]
    says: String,
}

#[test]
fn every_mistake_is_said_once_and_nothing_else() {
    let mistakes: Vec<Mistake> = serde_yaml::from_str(include_str!("mistakes.yaml")).expect("the table is YAML");
    assert!(mistakes.len() > 100, "only {} mistakes", mistakes.len());
    let mut wrong = 0;
    for (index, mistake) in mistakes.iter().enumerate() {
        let found = said(&over_a_sound_one(&mistake.workflow));
        if found != [mistake.says.as_str()] {
            wrong += 1;
            println!("{index} {}\n    {}", json!(mistake.workflow), json!(found));
        }
    }
    assert_eq!(wrong, 0, "of {} mistakes", mistakes.len());
}

#[test]
fn nothing_that_is_said_repeats_a_password() {
    assert!(!include_str!("mistakes.yaml").lines().any(|line| line.contains("says:") && line.contains("hunter2")));
}

fn over_a_sound_one(fields: &serde_json::Map<String, Value>) -> TestWorkflowSpec {
    let mut workflow = json!({ "container": { "image": "alpine" }, "steps": [{ "shell": "true" }] });
    for (field, value) in fields {
        workflow[field] = value.clone();
    }
    serde_json::from_value(workflow).unwrap_or_else(|error| panic!("{}: {error}", json!(fields)))
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
                    security context, mounts and `valueFrom` environment";
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
