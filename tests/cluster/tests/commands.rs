//! What a person may ask of an execution that runs, and what workflows of several
//! parts do on a real cluster.

use std::time::{Duration, Instant};

use assay_cluster_tests::{Execution, Namespace, Place, PodSecurity};

const LIMIT: Duration = Duration::from_secs(120);
const BUSYBOX: &str = "container: {image: 'localhost:5000/assay/busybox:dev'}";

fn namespace() -> Namespace {
    Namespace::create(Place::shared(), "commands", PodSecurity::Restricted).expect("a namespace")
}

/// A workflow `it` whose spec are these lines, below the image.
fn workflow(namespace: &Namespace, spec: &str) {
    let lines: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    let head = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: it}\nspec:\n";
    namespace.apply_text(&format!("{head}  {BUSYBOX}\n{lines}")).expect("the workflow is accepted");
}

fn patch(namespace: &Namespace, name: &str, spec: &str) -> Result<String, assay_cluster_tests::CommandError> {
    namespace.kubectl(&["patch", "tex", name, "--type=merge", "-p", &format!("{{\"spec\":{spec}}}")])
}

/// Waits until it holds before a step.
fn held(namespace: &Namespace, name: &str, step: &str) -> Execution {
    let holds =
        |execution: &Execution| execution.text("/status/phase") == "Paused" && state(execution, step) == "paused";
    namespace.execution_when(name, LIMIT, holds).unwrap_or_else(|| {
        let now = namespace.execution(name).map(|execution| execution.value()["status"].clone());
        panic!("{name} does not hold before `{step}`: {now:?}")
    })
}

/// The state of a step by its handle.
fn state(execution: &Execution, step: &str) -> String {
    let (ids, states) = (execution.each("/status/steps", "id"), execution.each("/status/steps", "state"));
    let found = ids.iter().zip(states).find(|(id, _)| *id == step);
    found.map(|(_, state)| state).unwrap_or_default()
}

fn ends(namespace: &Namespace, name: &str, verdict: &str) -> (Execution, String) {
    let execution = namespace.finished(name, LIMIT);
    let log = namespace.assay(&["logs", name]).expect("assay logs").stdout;
    assert_eq!(execution.verdict().as_deref(), Some(verdict), "{:#}\n{log}", execution.value()["status"]);
    (execution, log)
}

fn contains(log: &str, parts: &[&str]) {
    for part in parts {
        assert!(log.contains(part), "`{part}` is not in\n{log}");
    }
}

#[test]
fn an_execution_is_held_before_its_next_step_and_goes_on() {
    let namespace = namespace();
    workflow(&namespace, "steps:\n- {id: one, shell: 'sleep 20; echo one-done'}\n- {id: two, shell: 'echo two-done'}");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    namespace.running("it-1", LIMIT);
    patch(&namespace, "it-1", r#"{"pause":true}"#).expect("it may be paused");
    let paused = held(&namespace, "it-1", "two");
    assert_eq!(state(&paused, "one"), "passed", "the step that ran is not stopped");
    assert_eq!(Place::shared().kstatus(paused.value()).expect("kstatus judges"), "InProgress");
    let asked = Instant::now();
    patch(&namespace, "it-1", r#"{"pause":false}"#).expect("it may go on");
    let (_, log) = ends(&namespace, "it-1", "passed");
    println!("it went on and ended {} ms after it was asked to", asked.elapsed().as_millis());
    contains(&log, &["one-done", "two-done"]);
}

#[test]
fn a_paused_step_waits_for_its_name() {
    let namespace = namespace();
    workflow(
        &namespace,
        "steps:\n- {id: deploy, paused: true, shell: 'echo deployed'}\n- {id: check, paused: true, shell: 'echo checked'}",
    );
    namespace.execute("it-1", "it").expect("the execution is accepted");
    held(&namespace, "it-1", "deploy");
    patch(&namespace, "it-1", r#"{"resume":["deploy"]}"#).expect("a step may go on");
    let second = held(&namespace, "it-1", "check");
    assert_eq!(state(&second, "deploy"), "passed");
    patch(&namespace, "it-1", r#"{"resume":["deploy","*"]}"#).expect("all may go on");
    let (_, log) = ends(&namespace, "it-1", "passed");
    contains(&log, &["deployed", "checked"]);
}

#[test]
fn what_is_cancelled_while_it_holds_still_tidies_up() {
    let namespace = namespace();
    workflow(
        &namespace,
        "steps:\n- {id: wait, paused: true, shell: 'echo never-printed'}\nafter:\n- {id: tidy, shell: 'echo tidied-up'}",
    );
    namespace.execute("it-1", "it").expect("the execution is accepted");
    held(&namespace, "it-1", "wait");
    patch(&namespace, "it-1", r#"{"cancel":true}"#).expect("it may be cancelled");
    let (execution, log) = ends(&namespace, "it-1", "cancelled");
    assert_eq!(state(&execution, "tidy"), "passed", "{:#}", execution.value()["status"]);
    contains(&log, &["tidied-up"]);
    assert!(!log.contains("never-printed\n"), "{log}");
    let refused = patch(&namespace, "it-1", r#"{"cancel":false}"#).expect_err("a cancellation is final").to_string();
    contains(&refused, &["must not be taken back"]);
}

#[test]
fn steps_are_nested_retried_and_hand_on_what_they_found() {
    let namespace = namespace();
    workflow(
        &namespace,
        r#"steps:
- id: build
  setup: [{id: prepare, shell: 'echo 1.2.3 > version'}]
  steps:
  - {id: compile, shell: 'cp version "$ASSAY_OUTPUTS/version"; echo web > "$ASSAY_OUTPUTS/kind"'}
  - id: flaky
    retry: {count: 3, until: 'self.passed && self.attempt >= 2'}
    shell: 'echo x >> tries; test "$(wc -l < tries)" -ge 2'
- id: web
  condition: 'passed && steps.compile.outputs.kind == "web"'
  container: {env: [{name: VERSION, value: 'v{{ steps.compile.outputs.version }}'}]}
  shell: 'echo "testing $VERSION"'
- {id: desktop, condition: 'steps.compile.outputs.kind == "desktop"', shell: 'echo never-printed'}
- {id: broken, optional: true, shell: 'exit 3'}
- {id: refuses, negative: true, shell: 'exit 4'}"#,
    );
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    let log = namespace.assay(&["logs", "it-1"]).expect("assay logs").stdout;
    let status = &execution.value()["status"];
    assert_eq!(execution.verdict().as_deref(), Some("flaky"), "{status:#}\n{log}");
    contains(&log, &["testing v1.2.3"]);
    let wanted = [
        ("build", "passed"),
        ("prepare", "passed"),
        ("compile", "passed"),
        ("flaky", "passed"),
        ("web", "passed"),
        ("desktop", "skipped"),
        ("broken", "failed"),
        ("refuses", "passed"),
    ];
    for (step, wanted) in wanted {
        assert_eq!(state(&execution, step), wanted, "{step}: {status:#}\n{log}");
    }
}

#[test]
fn a_sensitive_parameter_comes_from_a_secret() {
    let namespace = namespace();
    let secret = ["create", "secret", "generic", "shop", "--from-literal=token=tok-9157-of-the-shop"];
    namespace.kubectl(&secret).expect("a Secret");
    workflow(
        &namespace,
        r#"config: {token: {sensitive: true}, users: {type: integer, default: 3}}
steps:
- container: {env: [{name: TOKEN, value: 'Bearer {{ config.token }}'}]}
  shell: 'echo "$TOKEN for {{ config.users }} users"; test "${#TOKEN}" = 27'"#,
    );
    let execution = |name: &str, rest: &str| {
        let head = "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\n";
        format!("{head}metadata: {{name: {name}}}\nspec:\n  workflowRef: {{name: it}}\n  config: {{users: 7}}\n{rest}")
    };
    let by_value = execution("it-0", "").replace("{users: 7}", "{token: tok-9157-of-the-shop}");
    let refused = namespace.apply_text(&by_value).expect_err("a secret is no plain value").to_string();
    contains(&refused, &["spec.config.token", "configFrom"]);
    let by_reference = "  configFrom: {token: {secretKeyRef: {name: shop, key: token}}}\n";
    namespace.apply_text(&execution("it-1", by_reference)).expect("the execution is accepted");
    let (_, log) = ends(&namespace, "it-1", "passed");
    contains(&log, &["*** for 7 users"]);
    assert!(!log.contains("tok-9157"), "{log}");
}

#[test]
fn a_template_that_comes_later_is_found_by_the_next_execution() {
    let namespace = namespace();
    workflow(
        &namespace,
        "use: [{name: base, config: {greeting: hello}}]\nsteps: [{shell: 'echo \"$GREETING, world\"; cat prepared'}]",
    );
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let (execution, _) = ends(&namespace, "it-1", "errored");
    assert_eq!(execution.text("/status/reason"), "TemplateNotFound", "{:#}", execution.value()["status"]);
    contains(&execution.text("/status/message"), &["base"]);

    let template = "apiVersion: assay.dev/v1alpha1
kind: TestWorkflowTemplate
metadata: {name: base}
spec:
  config: {greeting: {}}
  container: {env: [{name: GREETING, value: '{{ config.greeting }}'}]}
  setup: [{shell: 'echo by-the-template > prepared'}]
";
    namespace.apply_text(template).expect("the template is accepted");
    namespace.execute("it-2", "it").expect("the execution is accepted");
    let (_, log) = ends(&namespace, "it-2", "passed");
    contains(&log, &["hello, world", "by-the-template"]);
}

#[test]
fn a_workflow_that_changes_leaves_what_runs_alone() {
    let namespace = namespace();
    workflow(&namespace, "steps:\n- {shell: 'sleep 8'}\n- {shell: 'echo first-edition'}");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    namespace.running("it-1", LIMIT);
    workflow(&namespace, "steps:\n- {shell: 'echo second-edition'}");
    namespace.execute("it-2", "it").expect("the execution is accepted");
    let (_, first) = ends(&namespace, "it-1", "passed");
    let (_, second) = ends(&namespace, "it-2", "passed");
    assert!(first.contains("first-edition") && !first.contains("second-edition"), "{first}");
    assert!(second.contains("second-edition"), "{second}");
}
