//! The verdict, the log and the single Job survive the sudden end of the manager.

use std::time::Duration;

use assay_cluster_tests::{Namespace, Place, PodSecurity, manager_pids, send_kill};

const LIMIT: Duration = Duration::from_secs(120);
const LINES: u32 = 600;

fn counting(namespace: &Namespace) {
    let manifest = format!(
        "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {{name: counting}}\nspec:\n  container: {{image: 'localhost:5000/assay/busybox:dev'}}\n  steps:\n  - name: count\n    shell: 'i=1; while [ $i -le {LINES} ]; do echo line-$i-; i=$((i+1)); sleep 0.01; done'\n  - name: fail\n    shell: 'exit 7'\n"
    );
    namespace.apply_text(&manifest).expect("the workflow is accepted");
    namespace.execute("counting-1", "counting").expect("the execution is accepted");
}

#[test]
fn the_manager_is_killed_in_the_middle() {
    let namespace = Namespace::create(Place::shared(), "survive", PodSecurity::Open).expect("a namespace");
    counting(&namespace);
    namespace.running("counting-1", LIMIT);
    std::thread::sleep(Duration::from_secs(1));
    let pids = manager_pids();
    assert_eq!(pids.len(), 1, "one manager runs on this node");
    for pid in pids {
        send_kill(pid).expect("the manager was there");
    }

    let execution = namespace.finished("counting-1", LIMIT);
    assert_eq!(execution.verdict().as_deref(), Some("failed"), "{:#}", execution.value());
    assert_eq!(execution.each("/status/steps", "state"), ["passed", "failed"]);
    let jobs = namespace.kubectl(&["get", "jobs", "-o", "name"]).expect("kubectl get jobs");
    assert_eq!(jobs.lines().count(), 1, "{jobs}");

    let read = namespace.assay(&["logs", "counting-1"]).expect("assay logs");
    assert_eq!(read.code, 0, "{}", read.stderr);
    let log = read.stdout;
    for number in 1..=LINES {
        let line = format!("line-{number}-");
        assert_eq!(log.matches(&line).count(), 1, "`{line}` stands {} times", log.matches(&line).count());
    }
}

#[test]
fn a_cancelled_execution_ends_and_says_so() {
    let namespace = Namespace::create(Place::shared(), "cancel", PodSecurity::Open).expect("a namespace");
    let manifest = "apiVersion: assay.dev/v1alpha1\nkind: TestWorkflow\nmetadata: {name: long}\nspec:\n  container: {image: 'localhost:5000/assay/busybox:dev'}\n  steps: [{shell: 'sleep 300'}]\n";
    namespace.apply_text(manifest).expect("the workflow is accepted");
    namespace.execute("long-1", "long").expect("the execution is accepted");
    namespace.running("long-1", LIMIT);
    namespace
        .kubectl(&["patch", "tex", "long-1", "--type=merge", "-p", r#"{"spec":{"cancel":true}}"#])
        .expect("cancel");
    let execution = namespace.finished("long-1", Duration::from_secs(120));
    assert_eq!(execution.verdict().as_deref(), Some("cancelled"), "{:#}", execution.value());
}
