//! What becomes of evidence when the server is full, picky or slow.

use std::sync::atomic::Ordering;

use assay_protocol::{PlanFile, Section};

use crate::full_size::Memory;
use crate::ingest::Server;
use crate::online::{assert_complete, online};
use crate::pod::Pod;
use Section::Steps;

fn report(pod: &Pod, text: &str) -> PlanFile {
    PlanFile {
        path: format!("{}/r.xml", pod.plan.workspace),
        content: text.into(),
        from: None,
        dynamic: false,
        mode: 0o644,
    }
}

#[test]
fn a_full_store_is_waited_for() {
    let server = Server::start();
    server.ingest.full.store(25, Ordering::SeqCst);
    let mut pod = online(&server, 1);
    pod.plan.files.push(report(&pod, "<testsuite name='s'><testcase name='a'/></testsuite>"));
    pod.shell(Steps, 0, "seq 1 1000; echo x > a.txt").artifacts = pod.rule(&["*"]);
    let remains = pod.run();
    assert_eq!(remains.verdict(), "passed/Passed: 1 test passed in 1 step");
    assert_complete(&server, &remains);
    assert_eq!(server.ingest.artifacts.lock().unwrap().len(), 2);
    assert!(server.ingest.report.lock().unwrap().is_some());
    let told = &remains.leader_output;
    assert!(told.contains("the server answers 507 Insufficient Storage; the log is kept and sent later"), "{told}");
    assert!(told.contains("the log goes on"), "{told}");
}

#[test]
fn what_is_refused_is_counted_and_named() {
    let server = Server::start();
    *server.ingest.unwanted.lock().unwrap() = Some("bad".into());
    let mut pod = online(&server, 1);
    pod.shell(Steps, 0, "for i in $(seq 1 30); do echo $i > bad-$i; done; echo x > good").artifacts = pod.rule(&["*"]);
    let remains = pod.run();
    assert_complete(&server, &remains);
    assert_eq!(server.ingest.artifacts.lock().unwrap().len(), 1);
    let progress = server.ingest.progress.lock().unwrap();
    let totals = progress.last().unwrap().artifacts;
    assert_eq!((totals.count, totals.missing), (1, 30));
    let told = &remains.leader_output;
    assert_eq!(told.matches("could not be stored: 413").count(), 20, "{told}");
    assert!(told.contains("artifacts that could not be stored: 30"), "{told}");
}

#[test]
fn nothing_is_lost_in_silence() {
    let server = Server::start();
    server.ingest.full.store(u32::MAX, Ordering::SeqCst);
    let mut pod = online(&server, 1);
    pod.env = vec![("ASSAY_DELIVERY_SECONDS", "1".into())];
    pod.plan.files.push(report(&pod, "<testsuite name='s'><testcase name='a'/></testsuite>"));
    pod.shell(Steps, 0, "echo x > a.txt").artifacts = pod.rule(&["*"]);
    let remains = pod.run();
    assert_eq!(
        (remains.verdict().as_str(), remains.seal().outcome.log_complete),
        ("passed/Passed: 1 test passed in 1 step", false)
    );
    let told = &remains.leader_output;
    assert!(told.contains("artifacts that could not be stored: 2, and the test report"), "{told}");
    assert!(told.contains("could not be delivered whole"), "{told}");
}

#[test]
fn many_and_large_artifacts_arrive() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.shell(Steps, 0, "mkdir d; cd d; seq 1 3000 | split -l 1 -a 4 -; cd ..; head -c 100000000 /dev/zero > large")
        .artifacts = pod.rule(&["**/*"]);
    let running = pod.start();
    let memory = Memory::watch(running.leader.id());
    let remains = running.wait();
    let most = memory.most();
    assert!(most < 24 * 1024 * 1024, "files are streamed: {most} bytes");
    println!("leader: {most} bytes");
    assert_complete(&server, &remains);
    let artifacts = server.ingest.artifacts.lock().unwrap();
    assert_eq!((artifacts.len(), artifacts["name=large&step=step-0"].len()), (3001, 100_000_000));
}

#[test]
fn secrets_in_reports_stay_out_of_what_is_shown() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.env = vec![("DB_PASSWORD", "corr<ct&\"horse".into())];
    pod.plan.groups[0].secrets = vec!["DB_PASSWORD".into()];
    let text = "<testsuite name='s'><testcase name='plain'/><testcase name='a'>\
                <failure message='login with corr&lt;ct&amp;&quot;horse'>corr&lt;ct&amp;\"horse</failure></testcase></testsuite>";
    pod.plan.files.push(report(&pod, text));
    pod.plan.files.push(PlanFile {
        path: format!("{}/clean.xml", pod.plan.workspace),
        ..report(&pod, "<testsuite name='c'><testcase name='b'/></testsuite>")
    });
    pod.shell(Steps, 0, "true").artifacts = pod.rule(&["*.xml"]);
    let remains = pod.run();
    assert_eq!(remains.verdict(), "failed/TestsFailed: 1 of 3 tests failed in step \"step 0\"");
    let progress = server.ingest.progress.lock().unwrap();
    let failures = progress.last().unwrap().tests.clone().unwrap().failures;
    assert_eq!(failures[0].message.as_deref(), Some("login with ***"));
    let stored = serde_json::to_string(server.ingest.report.lock().unwrap().as_ref().unwrap()).unwrap();
    assert!(!stored.contains("horse") && stored.contains("***"), "{stored}");
    let artifacts = server.ingest.artifacts.lock().unwrap();
    assert_eq!(artifacts["name=r.xml&step=step-0"], text.as_bytes(), "the file itself stays as it is");
    assert_eq!(artifacts.len(), 2);
}
