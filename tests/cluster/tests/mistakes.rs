//! What a user sees who made a mistake: one clear error, and no hang.

use std::time::Duration;

use assay_cluster_tests::{Execution, Namespace, Place, PodSecurity};

const LIMIT: Duration = Duration::from_secs(90);

/// The webhook would refuse most of these before anything is made; here the
/// operator's words are wanted, as when the webhook is away.
fn namespace() -> Namespace {
    let namespace = Namespace::create(Place::shared(), "mistake", PodSecurity::Open).expect("a namespace");
    namespace.ignore_admission().expect("a label that is obeyed");
    namespace
}

fn workflow(name: &str, spec: &str) -> String {
    format!("apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {{name: {name}}}\nspec:\n{spec}")
}

/// Applies a workflow, executes it, and wants an `errored` verdict whose message has all the parts.
fn errs(spec: &str, reason: &str, parts: &[&str]) -> Execution {
    let namespace = namespace();
    namespace.apply_text(&workflow("it", spec)).expect("the API server accepts the shape");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    check(&execution, reason, parts);
    execution
}

fn check(execution: &Execution, reason: &str, parts: &[&str]) {
    assert_eq!(execution.verdict().as_deref(), Some("errored"), "{:#}", execution.value());
    assert_eq!(execution.text("/status/reason"), reason, "{:#}", execution.value());
    let message = execution.text("/status/message");
    for part in parts {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
    let kstatus = Place::shared().kstatus(execution.value()).expect("kstatus judges");
    assert_eq!(kstatus, "Failed");
}

#[test]
fn a_workflow_that_does_not_exist() {
    let namespace = namespace();
    namespace.execute("it-1", "nowhere").expect("the execution is accepted");
    check(&namespace.finished("it-1", LIMIT), "WorkflowNotFound", &["nowhere"]);
}

#[test]
fn a_misspelt_field_is_named_before_it_reaches_the_cluster() {
    let namespace = namespace();
    let manifest = workflow("it", "  container: {image: x}\n  steps: [{shel: echo}]\n");
    let refused = namespace.apply_text(&manifest).expect_err("kubectl checks fields").to_string();
    assert!(refused.contains("spec.steps[0].shel"), "{refused}");

    let file = std::env::temp_dir().join(format!("assay-misspelt-{}.yaml", std::process::id()));
    std::fs::write(&file, manifest).expect("a temporary file");
    let validate = namespace.assay(&["validate", &file.to_string_lossy()]).expect("assay validate");
    std::fs::remove_file(&file).ok();
    assert_eq!(validate.code, 1, "{validate:?}");
    let said = validate.stdout + &validate.stderr;
    assert!(said.contains("spec.steps[0].shel") && said.contains("shell"), "{said}");
}

#[test]
fn a_missing_configuration_value() {
    let spec = "  config: {url: {}}\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{shell: 'echo {{ config.url }}'}]\n";
    errs(spec, "ConfigInvalid", &["config.url"]);
}

#[test]
fn a_field_that_is_not_built_yet_is_refused_by_name() {
    let spec = "  services: {db: {image: x}}\n  container: {image: x}\n  steps: [{shell: echo}]\n";
    errs(spec, "WorkflowInvalid", &["spec.services", "not supported"]);
}

#[test]
fn an_image_that_does_not_exist() {
    let image = "localhost:5000/assay/nosuchimage:1";
    errs(&format!("  container: {{image: '{image}'}}\n  steps: [{{shell: echo}}]\n"), "ImagePullFailed", &[image]);
}

#[test]
fn a_command_that_does_not_exist() {
    let spec = "  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{name: typo, run: {command: [pytesst]}}]\n";
    errs(spec, "CommandNotFound", &["pytesst"]);
}

#[test]
fn a_secret_that_does_not_exist() {
    let spec = "  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps:\n  - shell: echo\n    container: {env: [{name: A, valueFrom: {secretKeyRef: {name: nosecret, key: a}}}]}\n";
    errs(spec, "ContainerCreateFailed", &["nosecret"]);
}
