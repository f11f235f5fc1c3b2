//! What is said about parameters, templates and expressions, with its exact
//! text, from `diagnostics_words.yaml`.

use std::collections::BTreeMap;

use assay_api::{ConfigSource, ConfigValues, TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_plan::{
    Diagnostic, Inputs, Severity, resolve, templates_used, validate, validate_template, validate_workflow,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    about: String,
    #[serde(default)]
    workflow: Map<String, Value>,
    template: Option<TestWorkflowTemplateSpec>,
    templates: Option<BTreeMap<String, TestWorkflowTemplateSpec>>,
    execution: Option<Execution>,
    says: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Execution {
    config: ConfigValues,
    config_from: BTreeMap<String, ConfigSource>,
    labels: BTreeMap<String, String>,
    revision: Option<String>,
}

impl Entry {
    fn workflow(&self) -> TestWorkflowSpec {
        let mut workflow = json!({ "container": { "image": "alpine" }, "steps": [{ "shell": "true" }] });
        for (field, value) in &self.workflow {
            workflow[field] = value.clone();
        }
        serde_json::from_value(workflow).unwrap_or_else(|error| panic!("{}: {error}", self.about))
    }

    fn found(&self) -> Vec<Diagnostic> {
        if let Some(template) = &self.template {
            return validate_template(template);
        }
        let spec = self.workflow();
        let Some(execution) = &self.execution else { return validate_workflow(&spec, self.templates.as_ref()) };
        let inputs = Inputs {
            namespace: "team".to_owned(),
            execution: "run-1".to_owned(),
            uid: "0b7e".to_owned(),
            workflow: "example".to_owned(),
            revision: execution.revision.clone(),
            workflow_labels: execution.labels.clone(),
            config: execution.config.clone(),
            config_from: execution.config_from.clone(),
            templates: self.templates.clone().unwrap_or_default(),
            attempt: 1,
        };
        validate(&resolve(&spec, &inputs))
    }
}

fn said(diagnostic: &Diagnostic) -> String {
    match diagnostic.severity {
        Severity::Error => diagnostic.to_string(),
        Severity::Warning => format!("warning: {diagnostic}"),
    }
}

#[test]
fn every_diagnostic_has_its_text() {
    let entries: Vec<Entry> = serde_yaml::from_str(include_str!("diagnostics_words.yaml")).expect("the table is YAML");
    let mut wrong = 0;
    for entry in &entries {
        let found: Vec<String> = entry.found().iter().map(said).collect();
        if found != entry.says {
            wrong += 1;
            println!("- about: {}", entry.about);
            for line in found {
                println!("    - {}", json!(line));
            }
        }
    }
    assert_eq!(wrong, 0, "entries of the table do not say what is said");
    assert!(entries.len() > 20, "only {} entries", entries.len());
}

#[test]
fn the_templates_of_a_workflow_are_found_at_every_depth() {
    let spec: TestWorkflowSpec = serde_json::from_value(json!({
        "use": [{ "name": "b" }, { "name": "a" }],
        "setup": [{ "steps": [{ "setup": [{ "template": { "name": "c" } }] }] }],
        "steps": [{ "use": [{ "name": "a" }, { "name": "d" }], "template": { "name": "e" } }],
        "after": [{ "template": { "name": "f" } }],
    }))
    .expect("a workflow");
    assert_eq!(templates_used(&spec), ["b", "a", "c", "d", "e", "f"]);
    assert_eq!(templates_used(&TestWorkflowSpec::default()), [""; 0]);
}
