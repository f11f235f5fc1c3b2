//! Every file of `tests/cases`: a workflow with its inputs, and beside it, as
//! a snapshot, everything that is made of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use assay_api::{ConfigSource, ConfigValues, TestWorkflowSpec, TestWorkflowTemplateSpec};
use assay_plan::{Deadlines, Inputs, Owner, Placement, Target, lint, plan_execution};
use assay_protocol::Server;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Case {
    about: String,
    workflow: TestWorkflowSpec,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    config: ConfigValues,
    #[serde(default)]
    config_from: BTreeMap<String, ConfigSource>,
    #[serde(default)]
    templates: BTreeMap<String, TestWorkflowTemplateSpec>,
    revision: Option<String>,
    #[serde(default)]
    no_image_volumes: bool,
    #[serde(default)]
    restricted: bool,
    #[serde(default)]
    offline: bool,
}

impl Case {
    fn inputs(&self) -> Inputs {
        Inputs {
            namespace: "team".to_owned(),
            execution: "run-1".to_owned(),
            uid: "0b7e6f7a-9c3f-4f6e-8f0e-2b8a6d1c9e55".to_owned(),
            workflow: "example".to_owned(),
            revision: self.revision.clone(),
            workflow_labels: self.labels.clone(),
            config: self.config.clone(),
            config_from: self.config_from.clone(),
            templates: self.templates.clone(),
            attempt: 1,
        }
    }

    fn placement(&self) -> Placement {
        let inputs = self.inputs();
        Placement {
            owner: Owner { name: inputs.execution, uid: inputs.uid, namespace: inputs.namespace },
            runner_image: "registry.test/assay-runner:1".to_owned(),
            runner_pull_policy: None,
            git_image: "registry.test/assay-git:1".to_owned(),
            image_volumes: !self.no_image_volumes,
            restricted: self.restricted,
        }
    }

    fn target(&self) -> Target {
        let server = Server { url: "https://assay.assay-system.svc:443".to_owned(), ca: "PEM".to_owned() };
        Target { server: (!self.offline).then_some(server) }
    }
}

fn deadlines(deadlines: &Deadlines) -> Value {
    json!({
        "queue": deadlines.queue.as_secs(),
        "imagePull": deadlines.image_pull.as_secs(),
        "start": deadlines.start.as_secs(),
        "execution": deadlines.execution.as_secs(),
        "afterGrace": deadlines.after_grace.as_secs(),
        "pause": deadlines.pause.as_secs(),
        "infrastructureRetries": deadlines.infrastructure_retries,
    })
}

fn made_of(case: &Case) -> Value {
    match plan_execution(&case.workflow, &case.inputs(), &case.target(), &case.placement()) {
        Ok(outcome) => {
            let rendered = outcome.rendered;
            assert_eq!(lint(&rendered.plan), []);
            let data = rendered.config_map.data.clone().unwrap_or_default();
            let plan: Value = serde_json::from_str(&data["plan.json"]).expect("the plan is JSON");
            let mut config_map = serde_json::to_value(&rendered.config_map).expect("serialises");
            config_map["data"]["plan.json"] = json!("see plan");
            json!({
                "warnings": outcome.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "plan": plan,
                "configMap": config_map,
                "job": rendered.job,
                "deadlines": deadlines(&rendered.deadlines),
            })
        }
        Err(diagnostics) => json!({ "refused": diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>() }),
    }
}

fn cases() -> BTreeMap<String, Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(folder).expect("the folder of cases");
    let files = entries.map(|entry| entry.expect("an entry").path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("readable");
            let case = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, case)
        })
        .collect()
}

#[test]
fn every_case_is_made_into_what_its_snapshot_says() {
    let cases = cases();
    assert!(cases.len() >= 10, "only {} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("cases/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_sort_maps(true);
    for (name, case) in cases {
        settings.set_description(&case.about);
        settings.bind(|| insta::assert_yaml_snapshot!(name, made_of(&case)));
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for (name, case) in cases() {
        assert_eq!(made_of(&case).to_string(), made_of(&case).to_string(), "{name}");
    }
}
