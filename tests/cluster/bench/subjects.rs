//! What is run: the same image and the same commands, however they are run.
//! Steps print the clock by their shell's own variable, without another process.

use std::fmt::Write;

use crate::figures::{STEPS, Subject};

/// The image of every subject.
pub const IMAGE: &str = "localhost:5000/assay/busybox:dev";
/// The second image: the same programs under another name, so that it is another container.
pub const OTHER_IMAGE: &str = "localhost:5000/busybox:dev";
/// Seconds between two looks of a polling gate.
const POLL_SECONDS: u32 = 1;

/// A step: prints the clock, sleeps, prints the clock. The sleep differs from
/// round to round, because an exit at a fixed moment is phase-locked to the
/// kubelet's relist.
fn script(step: u32, sleep: &str) -> String {
    let sleep = if sleep.is_empty() { String::new() } else { format!("sleep {sleep}; ") };
    format!("echo b{step}=$EPOCHREALTIME; {sleep}echo e{step}=$EPOCHREALTIME")
}

/// The object of one run of a subject.
pub fn object(subject: Subject, name: &str, sleep_ms: u32) -> String {
    let sleep = (f64::from(sleep_ms) / 1000.0).to_string();
    match subject {
        Subject::RawPod => pod(name, &raw(&sleep)),
        Subject::RawJob => format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n{}",
            indented(&raw(&sleep), 6)
        ),
        Subject::PollingGate => pod(name, &polling_gate(sleep_ms)),
        Subject::InitChain => pod(name, &init_chain()),
        Subject::Assay => execution(name, "one-step", &[("sleep", &sleep)]),
        Subject::AssayOneImage => execution(name, "one-image", &[]),
        Subject::AssayTwoImages => execution(name, "two-images", &[]),
    }
}

fn pod(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:\n{}", indented(spec, 2))
}

fn raw(sleep: &str) -> String {
    format!("restartPolicy: Never\ncontainers:\n{}", container(1, &script(1, sleep)))
}

fn container(step: u32, script: &str) -> String {
    format!("- name: s{step}\n  image: {IMAGE}\n  command: [/bin/sh, -c, '{script}']\n")
}

/// Each container waits for the file of its turn, as an entrypoint that polls does.
/// The steps take a little time, each another: instant ones would all end just
/// before the next container looks, because containers start one after another.
fn polling_gate(sleep_ms: u32) -> String {
    let mut spec = String::from("restartPolicy: Never\nvolumes: [{name: turns, emptyDir: {}}]\ncontainers:\n");
    for step in 1..=STEPS {
        let sleep = f64::from((sleep_ms + step * 137) % 400) / 1000.0;
        let (body, next) = (script(step, &sleep.to_string()), step + 1);
        let wait = format!("while [ ! -f /turns/{step} ]; do sleep {POLL_SECONDS}; done; ");
        let wait = if step == 1 { String::new() } else { wait };
        spec.push_str(&container(step, &format!("{wait}{body}; : > /turns/{next}")));
        spec.push_str("  volumeMounts: [{name: turns, mountPath: /turns}]\n");
    }
    spec
}

fn init_chain() -> String {
    let mut spec = String::from("restartPolicy: Never\ninitContainers:\n");
    for step in 1..STEPS {
        spec.push_str(&container(step, &script(step, "")));
    }
    spec.push_str("containers:\n");
    spec.push_str(&container(STEPS, &script(STEPS, "")));
    spec
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// Every workflow of the benchmark.
pub fn workflows() -> String {
    let one = script(1, "$SLEEP");
    let sleep = "    env: [{name: SLEEP, value: '{{ config.sleep }}'}]\n";
    let one_step = workflow("one-step", "  config: {sleep: {}}\n", sleep, &format!("  - shell: '{one}'\n"));
    let step = |step: u32| format!("  - shell: '{}'\n", script(step, ""));
    let other = |at: u32| format!("  - container: {{image: '{OTHER_IMAGE}'}}\n    shell: '{}'\n", script(at, ""));
    let one_image: String = (1..=STEPS).map(step).collect();
    let two_images: String = (1..=STEPS).map(|at| if at % 2 == 1 { step(at) } else { other(at) }).collect();
    [
        one_step,
        workflow("one-image", "", "", &one_image),
        workflow("two-images", "", "", &two_images),
        workflow(
            "output",
            "  config: {lines: {}}\n",
            "    env: [{name: LINES, value: '{{ config.lines }}'}]\n",
            OUTPUT,
        ),
        workflow("files", "", "", FILES),
        workflow("waiting", "", "", WAITING),
    ]
    .join("---\n")
}

/// Prints lines of 100 bytes as fast as it can. They are made before the clock
/// begins: the shell's own tools make no more than 140 MB of lines a second.
const OUTPUT: &str = "  - shell: |
      line=012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678
      yes $line | head -n $LINES > lines
  - name: clock
    shell: 'echo b1=$EPOCHREALTIME; echo e1=$EPOCHREALTIME'
  - shell: cat lines
";

const FILES: &str = "  - shell: |
      mkdir files
      head -c 10240 /dev/urandom > files/1
      for i in $(seq 2 1000); do cp files/1 files/$i; done
  - name: clock
    shell: 'echo b1=$EPOCHREALTIME; echo e1=$EPOCHREALTIME'
    artifacts: {paths: ['files/*']}
";

const WAITING: &str = "  - name: clock
    shell: 'echo b1=$EPOCHREALTIME; sleep 6; echo e1=$EPOCHREALTIME'
  - container: {image: 'localhost:5000/busybox:dev'}
    shell: 'true'
";

fn workflow(name: &str, config: &str, container: &str, steps: &str) -> String {
    format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {{name: {name}}}\nspec:\n{config}  container:\n    image: {IMAGE}\n{container}  steps:\n{steps}"
    )
}

/// An execution of a workflow.
pub fn execution(name: &str, workflow: &str, config: &[(&str, &str)]) -> String {
    let mut text = format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {{name: {name}}}\nspec:\n  workflowRef: {{name: {workflow}}}\n"
    );
    if !config.is_empty() {
        let values: Vec<_> = config.iter().map(|(name, value)| format!("{name}: '{value}'")).collect();
        writeln!(text, "  config: {{{}}}", values.join(", ")).expect("a string takes every line");
    }
    text
}
