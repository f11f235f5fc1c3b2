//! What is run: the same image and the same commands, once as a Job and once as
//! an execution.

/// The image of both: Debian's, because its `date` prints nanoseconds.
pub const IMAGE: &str = "localhost:5000/assay/curl:dev";

/// The step: prints the clock, sleeps, prints the clock. The sleep differs from
/// round to round, because an exit at a fixed moment is phase-locked to the
/// kubelet's relist.
pub fn script(sleep_ms: u32) -> String {
    format!("echo first=$(date +%s%N); sleep {}; echo last=$(date +%s%N)", f64::from(sleep_ms) / 1000.0)
}

/// A Job that runs the step.
pub fn job(name: &str, sleep_ms: u32) -> String {
    let script = script(sleep_ms);
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  backoffLimit: 0\n  template:\n    spec:\n      restartPolicy: Never\n      containers:\n      - name: main\n        image: {IMAGE}\n        command: [/bin/sh, -c, '{script}']\n"
    )
}

/// A workflow that runs the step; the sleep is a parameter.
pub fn workflow() -> String {
    format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {{name: trivial}}\nspec:\n  config: {{sleep: {{}}}}\n  container:\n    image: {IMAGE}\n    env: [{{name: SLEEP, value: '{{{{ config.sleep }}}}'}}]\n  steps:\n  - shell: 'echo first=$(date +%s%N); sleep $SLEEP; echo last=$(date +%s%N)'\n"
    )
}

/// An execution of the workflow.
pub fn execution(name: &str, sleep_ms: u32) -> String {
    let sleep = f64::from(sleep_ms) / 1000.0;
    format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestExecution\nmetadata: {{name: {name}}}\nspec:\n  workflowRef: {{name: trivial}}\n  config: {{sleep: '{sleep}'}}\n"
    )
}
