//! The first story: a workflow is applied, runs on a real cluster, and is judged.

use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity};

const LIMIT: Duration = Duration::from_secs(120);

fn first(security: PodSecurity) -> Namespace {
    let namespace = Namespace::create(Place::shared(), "story", security).expect("a namespace");
    namespace.apply("examples/first/workflow.yaml").expect("the workflow is accepted");
    namespace.apply("examples/first/execution.yaml").expect("the execution is accepted");
    namespace
}

#[test]
fn three_of_forty_fail_and_everybody_says_so() {
    let namespace = first(PodSecurity::Open);
    let execution = namespace.finished("first-1", LIMIT);
    assert_eq!(execution.verdict().as_deref(), Some("failed"), "{:#}", execution.value());
    assert_eq!(execution.text("/status/tests/summary"), "37/40");
    assert_eq!(execution.each("/status/failures", "name").len(), 3);
    let kstatus = Place::shared().kstatus(execution.value()).expect("kstatus judges");
    assert_eq!(kstatus, "Failed");

    let table = namespace.kubectl(&["get", "tex"]).expect("kubectl get");
    let row = table.lines().find(|line| line.starts_with("first-1")).expect("a row");
    assert!(row.contains("failed") && row.contains("37/40"), "{table}");

    let describe = namespace.kubectl(&["describe", "tex", "first-1"]).expect("kubectl describe");
    for name in execution.each("/status/failures", "name") {
        assert!(describe.contains(&name), "`{name}` is not in\n{describe}");
    }
    assert!(!execution.text("/status/log/tail").is_empty());
}

#[test]
fn the_command_line_tells_the_whole_story() {
    let namespace = first(PodSecurity::Open);
    let execution = namespace.finished("first-1", LIMIT);

    let describe = namespace.assay(&["describe", "first-1"]).expect("assay describe");
    assert_eq!(describe.code, 0, "{describe:?}");
    for name in execution.each("/status/failures", "name") {
        assert!(describe.stdout.contains(&name), "`{name}` is not in\n{}", describe.stdout);
    }
    let log = namespace.assay(&["logs", "first-1"]).expect("assay logs");
    assert!(log.stdout.contains("3 failed") && log.stdout.contains("37 passed"), "{log:?}");

    let list = namespace.assay(&["artifacts", "ls", "first-1"]).expect("assay artifacts ls");
    assert!(list.stdout.contains("report.xml"), "{list:?}");
    let report = namespace.assay(&["report", "first-1", "-o", "json"]).expect("assay report");
    let report: serde_json::Value = serde_json::from_str(&report.stdout).expect("the report is JSON");
    assert!(report["suites"].as_array().is_some_and(|suites| !suites.is_empty()), "{report:#}");
}

#[test]
fn after_steps_run_although_a_step_failed() {
    let namespace = first(PodSecurity::Open);
    let execution = namespace.finished("first-1", LIMIT);
    let states = execution.each("/status/steps", "state");
    assert_eq!(states.last().map(String::as_str), Some("passed"), "{states:?}");
    assert!(states.iter().any(|state| state == "failed"), "{states:?}");
}

#[test]
fn the_same_under_pod_security_restricted() {
    let namespace = first(PodSecurity::Restricted);
    let execution = namespace.finished("first-1", LIMIT);
    assert_eq!(execution.text("/status/tests/summary"), "37/40", "{:#}", execution.value());
    assert_eq!(execution.verdict().as_deref(), Some("failed"));
}

#[test]
fn an_execution_has_one_job_and_cannot_be_changed() {
    let namespace = first(PodSecurity::Open);
    namespace.finished("first-1", LIMIT);
    let jobs = namespace.kubectl(&["get", "jobs", "-o", "name"]).expect("kubectl get jobs");
    assert_eq!(jobs.lines().count(), 1, "{jobs}");
    let patch = r#"{"spec":{"workflowRef":{"name":"other"}}}"#;
    let refused = namespace.kubectl(&["patch", "tex", "first-1", "--type=merge", "-p", patch]);
    let refused = refused.expect_err("an execution's workflow cannot change").to_string();
    assert!(refused.contains("must not change"), "{refused}");
}

#[test]
fn what_passes_is_current_and_what_runs_is_in_progress() {
    let place = Place::shared();
    let namespace = Namespace::create(place, "story", PodSecurity::Open).expect("a namespace");
    let manifest = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: short}\nspec:\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{shell: 'sleep 8'}]\n";
    namespace.apply_text(manifest).expect("the workflow is accepted");
    namespace.execute("short-1", "short").expect("the execution is accepted");
    namespace.running("short-1", LIMIT);
    let running = namespace.execution("short-1").expect("it is there");
    assert_eq!(place.kstatus(running.value()).expect("kstatus judges"), "InProgress");
    let passed = namespace.finished("short-1", LIMIT);
    assert_eq!(place.kstatus(passed.value()).expect("kstatus judges"), "Current", "{:#}", passed.value());
}
