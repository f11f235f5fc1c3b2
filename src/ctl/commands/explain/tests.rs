//! Whole explanations of whole workflows.

use clap::Parser;

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    explain: Explain,
}

fn explained(manifest: &str, arguments: &[&str]) -> (Result<u8, u8>, String, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("w.yaml");
    std::fs::write(&file, manifest).expect("a file");
    let file = file.display().to_string();
    let words = ["explain", "-f", &file].into_iter().chain(arguments.iter().copied());
    let task = Line::try_parse_from(words).expect("arguments").explain;
    let place = Place { connect: assay_cluster::ConnectOptions::default(), namespace: None, system: "sys".into() };
    let (mut screen, data, notes) = Screen::memory();
    let code = offline(&place, &task, &mut screen).map_err(|failure| failure.code);
    (code, anstream::adapter::strip_str(&data.text()).to_string(), notes.text())
}

const WHOLE: &str = r#"
apiVersion: assay.dev/v1alpha1
kind: TestWorkflowTemplate
metadata: {name: report}
spec:
  config: {folder: {default: reports}}
  after:
  - name: Collect
    artifacts: {paths: ["{{ config.folder }}/**"]}
---
apiVersion: assay.dev/v1alpha1
kind: TestWorkflow
metadata: {name: shop, namespace: web}
spec:
  description: "Tests the shop\u001b[2J"
  config:
    url: {description: Where the shop is}
    times: {type: integer, default: 3}
    password: {sensitive: true}
  use: [{name: report, config: {folder: out}}]
  container:
    image: busybox:1
    resources: {requests: {cpu: 100m}, limits: {memory: 64Mi}}
  timeouts: {execution: 30m, pause: 2h}
  retention: {count: 5, age: 240h}
  infrastructure: {retries: 1}
  content:
    git:
      uri: https://git.example/shop.git
      revision: main
      tokenFrom: {secretKeyRef: {name: forge, key: token}}
    files: [{path: data.csv, content: "a,b"}]
  steps:
  - name: Build
    id: build
    shell: |
      set -e
      make
      echo {{ config.times }} > $ASSAY_OUTPUTS/version
    timeout: 5m
  - name: All tests
    id: tests
    retry: {count: 2, delay: 2s}
    optional: true
    steps:
    - name: API
      id: api
      run:
        image: python:3
        command: [pytest, "{{ config.url }}"]
        env:
        - name: DB
          valueFrom: {secretKeyRef: {name: db, key: dsn}}
        securityContext: {runAsUser: 1000, readOnlyRootFilesystem: true}
      artifacts: {paths: ["out/*.xml"]}
    - name: Deploy
      id: deploy
      paused: true
      delay: 5s
      shell: ./deploy {{ steps.build.outputs.version }} {{ config.password }}
  - name: Tell
    id: tell
    condition: failed && steps.build.status == "passed"
    shell: "true"
"#;

#[test]
fn everything_is_said() {
    let (code, text, notes) = explained(WHOLE, &["--config", "url=http://x", "--secret-config", "password=db/pw"]);
    assert_eq!(code, Ok(exit::PASSED), "{notes}");
    insta::assert_snapshot!(text);
}

#[test]
fn values_that_are_missing_are_named() {
    let (code, _, notes) = explained(WHOLE, &["--secret-config", "password=db/pw"]);
    assert_eq!(code, Err(exit::USAGE));
    assert!(notes.contains("config.url"), "{notes}");
}

#[test]
fn a_small_workflow_is_explained_shortly() {
    let small = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: small}\nspec:\n  steps:\n  - name: Hi\n    run: {image: busybox, shell: echo hi}\n";
    let (code, text, _) = explained(small, &[]);
    assert_eq!(code, Ok(exit::PASSED));
    insta::assert_snapshot!(text);
}
