//! Sample manifests, their mistakes, and the lines they are found on.

use super::content::Manifest;
use super::{documents, judge, templates};

fn check(text: &str) -> Manifest {
    let mut manifests = [documents::read(text)];
    let known = templates(&manifests);
    judge(&mut manifests, &known, false);
    let [manifest] = manifests;
    manifest
}

fn lines(text: &str) -> Vec<String> {
    check(text).findings.iter().map(|finding| finding.line_of("f")).collect()
}

const HEAD: &str = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata:\n  name: x\n";

#[test]
fn a_good_manifest_has_no_findings() {
    let text =
        format!("# comment\n{HEAD}spec:\n  container: {{image: busybox}}\n  steps:\n  - name: a\n    shell: echo\n");
    assert_eq!(lines(&text), Vec::<String>::new());
    let manifest = check(&format!(
        "{text}---\napiVersion: v1\nkind: ConfigMap\n---\n\n---\napiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {{generateName: x-}}\nspec: {{workflowRef: {{name: x}}}}\n"
    ));
    assert_eq!((manifest.objects, manifest.workflows.len(), manifest.executions.len()), (2, 1, 1));
    assert_eq!(manifest.findings, []);
}

#[test]
fn mistakes_are_found_with_their_line() {
    for (spec, expected) in [
        (
            "spec:\n  container: {image: x}\n  steps:\n  - name: a\n    # a comment\n    shel: echo\n",
            "f:10:5: spec.steps[0].shel: unknown field `shel`; did you mean `shell`?",
        ),
        (
            "spec:\n  container: {image: x}\n  steps: [{shel: echo}]\n",
            "f:7:12: spec.steps[0].shel: unknown field `shel`; did you mean `shell`?",
        ),
        (
            "spec:\n  steps:\n  - shell: echo\n    optional: yes\n",
            "f:8:5: spec.steps[0].optional: invalid type: string \"yes\", expected a boolean; write `true` or `false`",
        ),
        (
            "spec:\n  steps:\n  - shell: a\n    shell: b\n",
            "f:8:5: spec.steps[0].shell: the field is there twice, and only the last one would count; remove one",
        ),
        (
            "spec:\n  container:\n    image: x\n    env:\n    - name: A\n      valu: b\n  steps:\n  - shell: a\n",
            "f:10:7: spec.container.env[0].valu: unknown field `valu`; did you mean `value`?",
        ),
        ("spec:\n  steps:\n  - shell: [a\n", "f:8"),
        ("spec: {steps: []}\nsepc: {}\n", "f:6:1: sepc: unknown field `sepc`; did you mean `spec`?"),
    ] {
        let found = lines(&format!("{HEAD}{spec}"));
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected}\nnot in {found:#?}");
    }
}

#[test]
fn the_plan_speaks_with_lines_too() {
    let found = lines(&format!("{HEAD}spec:\n  container: {{image: x}}\n  steps:\n  - shell: echo\n    timeout: 5x\n"));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("f:9:5: spec.steps[0].timeout: "), "{found:?}");
    let found = lines(&format!(
        "{HEAD}spec:\n  container: {{image: x}}\n  services: {{db: {{image: x}}}}\n  steps: [{{shell: echo}}]\n"
    ));
    assert!(found[0].starts_with("f:7:3: spec.services: "), "{found:?}");
}

#[test]
fn heads_are_checked() {
    for (text, expected) in [
        ("", "f: there is no object of Assay in it"),
        ("kind: TestWorkflow\n", "f:1:1: apiVersion: the object has no apiVersion; write `assay.dev/v1alpha1`"),
        ("apiVersion: assay.dev/v1\nkind: TestWorkflow\n", "f:1:1: apiVersion: `assay.dev/v1` is not the version"),
        (
            "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflw\n",
            "f:2:1: kind: `TestWorkflw` is not a kind of Assay; did you mean `TestWorkflow`?",
        ),
        (
            "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {}\nspec: {}\n",
            "f:3:1: metadata.name: the object has no name",
        ),
        (
            "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata:\n  name: Big_Name\nspec: {}\n",
            "f:4:3: metadata.name: `Big_Name` is not a name",
        ),
        (
            "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {name: x}\nspec: {}\n",
            "f:4:1: spec: missing field `workflowRef`",
        ),
        (
            "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {name: x, nam: y}\nspec: {workflowRef: {name: X}}\n",
            "f:4:22: spec.workflowRef.name: `X` is not a name of a workflow",
        ),
        ("a: b\n\tc: d\n", "f:2"),
    ] {
        let found = lines(text);
        assert!(found.iter().any(|line| line.starts_with(expected)), "{expected}\nnot in {found:#?}");
    }
}

#[test]
fn gates_grants_and_records_are_kinds_too() {
    let object = |kind: &str, spec: &str| {
        lines(&format!("apiVersion: assay.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: web}}\nspec:\n{spec}"))
    };
    let gate = "  delivery: {kind: Application, name: web}\n  workflows: [{name: a}]\n";
    assert_eq!(object("TestGate", gate), [""; 0]);
    let failures = object("TestGate", &format!("{gate}  confirmation:\n    reruns: 1\n    failures: 3\n"));
    assert!(failures[0].starts_with("f:9:5: spec.confirmation.failures: 3 runs must fail"), "{failures:?}");
    let unknown = object("TestGate", &format!("{gate}  timout: 5m\n"));
    assert_eq!(unknown, ["f:7:3: spec.timout: unknown field `timout`; did you mean `timeout`?"]);
    let access = "  branches: [main]\n  namespaces: [shop]\n  repository: https://bot:canary@host/a/b\n";
    let access = object("GitWriteAccess", access);
    assert!(access[0].starts_with("f:7:3: spec.repository: it carries a password"), "{access:?}");
    assert!(!access[0].contains("canary"), "{access:?}");
    assert!(object("Rollback", "  gate: web\n")[0].contains("missing field"), "its form is looked at");
}

#[test]
fn what_is_printed_is_one_plain_line() {
    let found = lines("apiVersion: assay.dev/v1alpha1\nkind: \"Test\\u001b[2J\\nx\"\n");
    assert!(!found[0].contains('\x1b') && !found[0].contains('\n'), "{found:?}");
}
