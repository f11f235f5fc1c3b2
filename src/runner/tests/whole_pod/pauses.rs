//! Runs that hold until somebody speaks to the server.

use std::sync::atomic::Ordering;
use std::time::Duration;

use assay_api::StepState;
use assay_protocol::Section;

use crate::ingest::Server;
use crate::online::online;
use crate::pod::wait_for;
use Section::{After, Steps};

#[test]
fn a_paused_step_goes_on_when_it_is_resumed() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.shell(Steps, 0, "echo x > $ASSAY_OUTPUTS/key");
    pod.shell(Steps, 0, "echo yes > resumed").paused = true;
    let running = pod.start();
    assert_eq!(server.wait_for_pause(), "step-1");
    // The server is away for a while, and knows more when it comes back.
    server.pause();
    std::thread::sleep(Duration::from_millis(1600));
    assert!(!running.path().join("data/resumed").exists());
    server.command(false, &["step-1"]);
    server.resume();
    let remains = running.wait();
    assert_eq!(remains.verdict(), "passed/Passed: 2 steps passed");
    let progress = server.ingest.progress.lock().unwrap();
    let last = progress.iter().max_by_key(|progress| progress.sequence).unwrap();
    assert!(last.paused.is_none() && last.paused_ms >= 1600, "{}", last.paused_ms);
    assert_eq!(last.steps[0].outputs["key"], "x");
    assert!(progress.iter().any(|progress| progress.steps[1].state == StepState::Paused));
}

#[test]
fn a_paused_execution_holds_before_its_next_step() {
    let server = Server::start();
    server.command(true, &[]);
    let mut pod = online(&server, 2);
    pod.shell(Steps, 0, "while ! test -s go; do sleep 0.02; done");
    pod.shell(Steps, 1, "true");
    let running = pod.start();
    server.wait_until_heard();
    std::fs::write(running.path().join("data/go"), "x").unwrap();
    assert_eq!(server.wait_for_pause(), "step-1");
    let asked = server.ingest.asked.load(Ordering::SeqCst);
    server.command(false, &[]);
    let remains = running.wait();
    let more = server.ingest.asked.load(Ordering::SeqCst) - asked;
    assert!(more <= 1, "the answer came at once, to a question that was open: {more} more");
    assert_eq!(remains.verdict(), "passed/Passed: 2 steps passed");
}

#[test]
fn a_pause_asked_for_during_a_step_holds_the_next_one() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.shell(Steps, 0, "echo begun > begun; while ! test -s go; do sleep 0.02; done");
    pod.shell(Steps, 0, "echo no > next");
    let running = pod.start();
    wait_for(&running.path().join("data/begun"));
    server.command(true, &[]);
    server.wait_until_heard();
    std::fs::write(running.path().join("data/go"), "x").unwrap();
    assert_eq!(server.wait_for_pause(), "step-1");
    assert!(!running.path().join("data/next").exists());
    server.command(false, &[]);
    assert_eq!(running.wait().verdict(), "passed/Passed: 2 steps passed");
}

#[test]
fn a_server_that_knows_no_commands_breaks_nothing() {
    let server = Server::start();
    server.ingest.old.store(true, Ordering::SeqCst);
    let mut pod = online(&server, 1);
    pod.plan.pause_ms = 1000;
    pod.shell(Steps, 0, "true");
    pod.shell(Steps, 0, "echo no > not_run").paused = true;
    pod.shell(After, 0, "echo yes > cleaned");
    let remains = pod.run();
    let expected = "errored/PauseTimedOut: step \"step 1\" errored: was held for 1 s, and nobody resumed it";
    assert_eq!((remains.verdict().as_str(), remains.seal().steps.as_str()), (expected, "pep"));
    assert!(remains.exists("cleaned") && !remains.exists("not_run"));
    assert!(server.ingest.asked.load(Ordering::SeqCst) <= 2, "it is not asked again and again");
    assert!(remains.seal().outcome.log_complete);
}

#[test]
fn a_pause_ends_when_the_pod_is_deleted() {
    let server = Server::start();
    let mut pod = online(&server, 1);
    pod.shell(Steps, 0, "echo begun > begun");
    pod.shell(Steps, 0, "echo no > not_run").paused = true;
    pod.shell(After, 0, "echo yes > cleaned");
    let running = pod.start();
    wait_for(&running.path().join("data/begun"));
    server.wait_for_pause();
    running.terminate();
    let remains = running.wait();
    assert_eq!(remains.verdict(), "cancelled/Cancelled: cancelled while step \"step 1\" waited");
    assert!(remains.exists("cleaned") && !remains.exists("not_run"));
}
