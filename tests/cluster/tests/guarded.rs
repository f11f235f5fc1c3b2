//! Strict places: any user, other users side by side, secrets that must not show.

use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity};

const LIMIT: Duration = Duration::from_secs(120);

fn finished(security: PodSecurity, manifest: &str) -> (Namespace, String) {
    let namespace = Namespace::create(Place::shared(), "guarded", security).expect("a namespace");
    namespace.apply_text(manifest).expect("the manifest is accepted");
    namespace.execute("it-1", "it").expect("the execution is accepted");
    let execution = namespace.finished("it-1", LIMIT);
    let log = namespace.assay(&["logs", "it-1"]).expect("assay logs").stdout;
    assert_eq!(execution.verdict().as_deref(), Some("passed"), "{:#}\n{log}", execution.value()["status"]);
    (namespace, log)
}

#[test]
fn steps_run_as_any_user_and_share_the_workspace() {
    let manifest = "apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {name: it}
spec:
  container: {image: 'localhost:5000/assay/busybox:dev', securityContext: {runAsUser: 12345, readOnlyRootFilesystem: true}}
  steps:
  - shell: id -u > who; echo one-$(cat who)
  - container: {securityContext: {runAsUser: 23456}}
    shell: echo two-$(id -u) read-$(cat who)
";
    let (_namespace, log) = finished(PodSecurity::Restricted, manifest);
    for text in ["one-12345", "two-23456", "read-12345"] {
        assert!(log.contains(text), "`{text}` is not in\n{log}");
    }
}

#[test]
fn a_secret_is_masked_wherever_it_would_show() {
    const CANARY: &str = "canary-7f3a9c-do-not-print";
    let manifest = format!(
        "apiVersion: v1
kind: Secret
metadata: {{name: password}}
stringData: {{value: {CANARY}}}
---
apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {{name: it}}
spec:
  container:
    image: localhost:5000/assay/busybox:dev
    env: [{{name: PASSWORD, valueFrom: {{secretKeyRef: {{name: password, key: value}}}}}}]
  steps:
  - shell: 'echo the password is $PASSWORD; echo -n $PASSWORD | base64; [ ${{#PASSWORD}} = {} ]'
",
        CANARY.len()
    );
    let (namespace, log) = finished(PodSecurity::Open, &manifest);
    assert!(log.contains("the password is ***"), "{log}");
    let objects = namespace.kubectl(&["get", "tex,jobs,pods,configmaps,events", "-o", "yaml"]).expect("kubectl get");
    let container =
        namespace.kubectl(&["logs", "--all-containers", "-l", "assay.dev/execution=it-1"]).expect("kubectl logs");
    // Base64 of the canary's middle: whole groups of three bytes.
    for (place, text) in [("log", &log), ("objects", &objects), ("container log", &container)] {
        assert!(!text.contains(CANARY), "the canary is in the {place}");
        assert!(!text.contains("Y2FuYXJ5LTdmM2E5Yy1kby1ub3QtcHJpbn"), "the canary in base64 is in the {place}");
    }
}
