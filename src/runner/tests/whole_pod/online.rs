//! A whole pod's run against an ingest server with real TLS: everything
//! arrives once, also when the server is away or forgetful.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::ingest::Server;
use crate::pod::{PATIENCE, Pod, Remains, printed, wait_for};
use assay_api::{StepState, Verdict};
use assay_protocol::frame::Stream;
use assay_protocol::ingest::LEADER_GROUP;
use assay_protocol::{PlanFile, Progress, Section, Server as Address};

pub fn online(server: &Server, groups: u16) -> Pod {
    let mut pod = Pod::new(groups);
    std::fs::write(pod.path().join("token"), "token-1\n").unwrap();
    pod.plan.server = Some(Address { url: server.url.clone(), ca: server.ca.clone() });
    pod
}

fn stdout(server: &Server, group: u16, step: u16) -> String {
    let logs = server.ingest.logs.lock().unwrap();
    String::from_utf8(printed(&logs[&group], step, 1, Stream::Stdout)).unwrap()
}

fn assert_lines(text: &str, count: usize) {
    let mut lines = 0;
    for line in text.lines() {
        lines += 1;
        assert_eq!(line, format!("line {lines:09} of the output"));
    }
    assert_eq!(lines, count);
}

pub fn assert_complete(server: &Server, remains: &Remains) {
    let progress = server.ingest.progress.lock().unwrap();
    let last = progress.iter().max_by_key(|progress| progress.sequence).unwrap();
    let outcome = last.outcome.as_ref().unwrap();
    assert_eq!(outcome, &remains.seal().outcome);
    assert!(outcome.log_complete);
    assert_eq!(progress.iter().filter(|progress| progress.outcome.is_some()).count(), 1);
}

#[test]
fn everything_arrives() {
    let server = Server::start();
    let mut pod = online(&server, 2);
    pod.plan.files.push(PlanFile {
        path: format!("{}/r.xml", pod.plan.workspace),
        content: "<testsuite name='s'><testcase name='a'/><testcase name='b'/></testsuite>".into(),
        from: None,
        dynamic: false,
        mode: 0o644,
    });
    pod.shell(
        Section::Steps,
        0,
        "for i in 1 2 3 4 5 6 7 8 9; do echo $i > \"file $i.txt\"; done; echo one; while ! test -s ../go; do sleep 0.02; done",
    );
    let rule = pod.rule(&["**/*"]);
    pod.shell(Section::Steps, 1, "echo two").artifacts = rule;
    let running = pod.start();
    let until = Instant::now() + PATIENCE;
    let is_told = |progress: &Progress| progress.steps[0].state == StepState::Running;
    while !server.ingest.progress.lock().unwrap().iter().any(is_told) {
        assert!(Instant::now() < until, "nobody says that the step runs");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::write(running.path().join("go"), "x").unwrap();
    let remains = running.wait();
    assert_eq!(remains.verdict(), "passed/Passed: 2 tests passed in 2 steps");
    assert_complete(&server, &remains);
    assert_eq!((stdout(&server, 0, 0).as_str(), stdout(&server, 1, 1).as_str()), ("one\n", "two\n"));
    let own = server.ingest.logs.lock().unwrap()[&LEADER_GROUP].clone();
    let said = String::from_utf8(printed(&own, 1, 1, Stream::Runner)).unwrap();
    assert!(said.contains("✔ passed: 2 tests passed in 2 steps"), "{said}");
    let artifacts = server.ingest.artifacts.lock().unwrap();
    assert_eq!(artifacts.len(), 10);
    assert_eq!(artifacts["name=file%203.txt&step=step-1"], b"3\n");
    assert_eq!(server.ingest.report.lock().unwrap().as_ref().unwrap().counts().tests, 2);
    let progress = server.ingest.progress.lock().unwrap();
    let last = progress.last().unwrap();
    assert_eq!((last.artifacts.count, last.tests.as_ref().unwrap().counts.passed), (10, 2));
}

#[test]
fn output_is_shown_while_a_step_runs() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.shell(Section::Steps, 0, "printf 'Continue? '; while ! test -s go; do sleep 0.02; done; echo yes");
    let running = pod.start();
    wait_for(&running.path().join("control/leader/heartbeat"));
    let until = Instant::now() + PATIENCE;
    while !server.ingest.logs.lock().unwrap().get(&0).is_some_and(|bytes| bytes.ends_with(b"Continue? ")) {
        assert!(Instant::now() < until, "the prompt does not come");
        std::thread::sleep(Duration::from_millis(2));
    }
    std::fs::write(running.path().join("data/go"), "x").unwrap();
    assert_complete(&server, &running.wait());
    assert_eq!(stdout(&server, 0, 0), "Continue? yes\n");
}

#[test]
fn an_outage_and_lost_answers_lose_nothing() {
    let server = Server::start();
    server.ingest.mute_every.store(7, Ordering::SeqCst);
    server.ingest.unauthorized.store(3, Ordering::SeqCst);
    let mut pod = online(&server, 1);
    pod.shell(
        Section::Steps,
        0,
        "seq -f 'line %09.0f of the output' 300000; sleep 0.3; seq -f 'line %09.0f of the output' 300001 600000",
    );
    let running = pod.start();
    wait_for(&running.path().join("control/leader/heartbeat"));
    std::thread::sleep(Duration::from_millis(200));
    server.pause();
    std::fs::write(running.path().join("token"), "token-2").unwrap();
    std::thread::sleep(Duration::from_millis(1200));
    server.resume();
    let remains = running.wait();
    assert_complete(&server, &remains);
    assert_lines(&stdout(&server, 0, 0), 600_000);
    assert!(server.ingest.hellos.load(Ordering::SeqCst) > 3);
    assert_eq!(server.ingest.tokens.lock().unwrap().last().unwrap(), "Bearer token-2");
    let left = std::fs::read_dir(remains.path().join("control/g0/spool")).unwrap().count();
    assert!(left <= 1, "what was acknowledged is deleted: {left}");
}

#[test]
fn a_spool_larger_than_its_limit_holds_the_step_back() {
    let server = Server::start();
    server.pause();
    let mut pod = online(&server, 1);
    // 340 MB, while the spool takes 64 segments of 4 MiB.
    pod.shell(Section::Steps, 0, "seq -f 'line %09.0f of the output' 12000000; echo x > ended");
    let running = pod.start();
    let spool = running.path().join("control/g0/spool");
    let until = Instant::now() + Duration::from_secs(200);
    while std::fs::read_dir(&spool).map_or(0, Iterator::count) < 64 {
        assert!(Instant::now() < until, "the spool does not fill");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert!(!running.path().join("data/ended").exists(), "the step waits");
    server.resume();
    let remains = running.wait();
    assert_complete(&server, &remains);
    assert_lines(&stdout(&server, 0, 0), 12_000_000);
}

#[test]
fn without_a_server_the_seal_speaks() {
    let server = Server::start();
    server.pause();
    let mut pod = online(&server, 1);
    pod.env = vec![("ASSAY_DELIVERY_SECONDS", "1".into())];
    pod.shell(Section::Steps, 0, "echo alone");
    let began = Instant::now();
    let remains = pod.run();
    assert!(began.elapsed() < Duration::from_secs(60), "{:?}", began.elapsed());
    assert_eq!((remains.seal().outcome.verdict, remains.seal().outcome.log_complete), (Verdict::Passed, false));
    assert!(remains.leader_output.contains("could not be delivered whole"), "{}", remains.leader_output);
}
