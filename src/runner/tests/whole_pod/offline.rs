//! A whole pod's run without a server: leader and step containers as real
//! processes, real shells, real files.

use std::time::{Duration, Instant};

use crate::pod::{Pod, finish, wait_for};
use assay_protocol::control::Ending;
use assay_protocol::frame::Stream;
use assay_protocol::{Condition, PlanFile, RetryRule, Section};

use Section::{After, Setup, Steps};

#[test]
fn steps_run_in_order_across_containers() {
    let mut pod = Pod::new(3);
    for (section, group) in [(Setup, 0), (Steps, 1), (Steps, 0), (Steps, 2), (After, 1)] {
        let index = pod.plan.steps.len();
        pod.shell(
            section,
            group,
            &format!("echo {index} >> order; echo $ASSAY_STEP/$ASSAY_STEP_ATTEMPT/$ASSAY_REVISION"),
        );
    }
    pod.plan.files.push(PlanFile {
        path: format!("{}/conf/a.txt", pod.plan.workspace),
        content: "hello".into(),
        from: None,
        dynamic: false,
        mode: 0o640,
    });
    let remains = pod.run();
    assert_eq!(remains.verdict(), "passed/Passed: 5 steps passed");
    assert_eq!(std::fs::read_to_string(remains.path().join("data/order")).unwrap(), "0\n1\n2\n3\n4\n");
    assert_eq!(remains.stdout(2, 3), "step 3/1/abc\n");
    assert_eq!(std::fs::read_to_string(remains.path().join("data/conf/a.txt")).unwrap(), "hello");
    assert_eq!((remains.leader_code, remains.step_codes.clone()), (Some(0), vec![Some(0); 3]));
    assert_eq!((remains.seal().steps.as_str(), remains.seal().plan_hash.len()), ("ppppp", 64));
    assert!(remains.leader_output.contains("▶ step \"step 0\""), "{}", remains.leader_output);
    assert!(remains.step_outputs[2].contains("step 3/1/abc"), "kubectl logs shows something");
}

#[test]
fn the_first_step_needs_no_leader() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "echo here > begun");
    let mut step = pod.process(&["step", "0"]);
    let done = pod.path().join("control/g0/done-0-1");
    wait_for(&done);
    let mut leader = pod.process(&["lead"]);
    assert!(pod.path().join("data/begun").exists());
    assert_eq!((finish(&mut leader), finish(&mut step)), (Some(0), Some(0)));
}

#[test]
fn a_retry_that_passes_is_flaky() {
    let mut pod = Pod::new(1);
    let step = pod.shell(Steps, 0, "echo try $ASSAY_STEP_ATTEMPT; test $ASSAY_STEP_ATTEMPT = 3");
    step.retry = RetryRule { attempts: 3, delay_ms: 20, until: None };
    let remains = pod.run();
    assert_eq!(remains.verdict(), "flaky/PassedAfterRetry: step \"step 0\" passed at attempt 3");
    assert_eq!(remains.printed(0, 0, 3, Stream::Stdout), b"try 3\n");
    assert!(remains.leader_output.contains("attempt 2 of 3 in 20 ms"), "{}", remains.leader_output);
}

#[test]
fn a_timeout_ends_the_whole_family() {
    let mut pod = Pod::new(1);
    let step = pod.shell(Steps, 0, "(trap '' TERM; sleep 2; echo alive > alive) & trap '' TERM; sleep 3600");
    step.timeout_ms = Some(200);
    let began = Instant::now();
    let remains = pod.run();
    assert_eq!(
        remains.verdict(),
        "failed/StepTimedOut: step \"step 0\" timed out: ran longer than its timeout of 200 ms"
    );
    assert_eq!(remains.done(0, 0, 1).ending, Ending::TimedOut);
    std::thread::sleep(Duration::from_secs(2).saturating_sub(began.elapsed()) + Duration::from_millis(300));
    assert!(!remains.exists("alive"));
}

#[test]
fn conditions_negative_optional_and_after() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "exit 3").negative = true;
    pod.shell(Steps, 0, "exit 4").optional = true;
    pod.shell(Steps, 0, "exit 5");
    pod.shell(Steps, 0, "echo no > not_run");
    pod.shell(Steps, 0, "echo yes > on_failure").condition = Condition::Failed;
    pod.shell(Steps, 0, "echo yes > always").condition = Condition::Always;
    pod.shell(After, 0, "echo yes > after");
    let remains = pod.run();
    assert_eq!(remains.verdict(), "failed/TestsFailed: step \"step 2\" failed: exit code 5");
    assert_eq!((remains.seal().steps.as_str(), remains.leader_code), ("pffsppp", Some(1)));
    assert!(
        !remains.exists("not_run")
            && remains.exists("on_failure")
            && remains.exists("always")
            && remains.exists("after")
    );
    assert_eq!(remains.done(0, 0, 1).exit_code, Some(3));
}

#[test]
fn what_cannot_be_started_is_explained() {
    let mut pod = Pod::new(1);
    std::fs::write(pod.path().join("data/plain"), "x").unwrap();
    pod.program(Steps, 0, &["pytesst", "-q"]).retry = RetryRule { attempts: 5, delay_ms: 10_000, until: None };
    pod.program(Steps, 0, &["./plain"]).condition = Condition::Always;
    let remains = pod.run();
    assert!(
        remains.verdict().starts_with(
            "errored/CommandNotFound: step \"step 0\" errored: \"pytesst\" was not found in this image (looked in PATH=/"
        ),
        "{}",
        remains.verdict()
    );
    let message = remains.done(0, 1, 1).message.unwrap();
    assert!(message.contains("may not be executed"), "{message}");
}

#[test]
fn children_in_the_background_do_not_hang_a_step() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "sleep 3600 & echo done");
    pod.shell(Steps, 0, "sleep 3600 >/dev/null 2>&1 & echo quick");
    let remains = pod.run();
    assert_eq!(remains.verdict(), "passed/Passed: 2 steps passed");
    assert_eq!(remains.stdout(0, 0), "done\n");
    let held = [0, 1].map(|step| {
        let said = String::from_utf8(remains.printed(0, step, 1, Stream::Runner)).unwrap();
        said.contains("they still held its output")
    });
    assert_eq!(held, [true, false]);
}

#[test]
fn much_output_arrives_whole() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "seq -f 'line %09.0f of the output' 700000; seq 1000 >&2");
    let remains = pod.run();
    let text = remains.stdout(0, 0);
    assert!(text.len() > 20_000_000, "{}", text.len());
    let mut expected = 1;
    for line in text.lines() {
        assert_eq!(line, format!("line {expected:09} of the output"));
        expected += 1;
    }
    assert_eq!(expected, 700_001);
    assert_eq!(remains.printed(0, 0, 1, Stream::Stderr).iter().filter(|byte| **byte == b'\n').count(), 1000);
    assert_eq!(remains.done(0, 0, 1).log_end, remains.spool(0).len() as u64);
    assert!(remains.step_outputs[0].len() < 80_000, "only the beginning is repeated");
}

#[test]
fn secrets_are_masked_wherever_they_are_cut() {
    let mut pod = Pod::new(1);
    pod.env = vec![("DB_PASSWORD", "correct-horse".into()), ("PIN", "123".into()), ("PLAIN", "visible".into())];
    pod.plan.groups[0].secrets = vec!["DB_PASSWORD".into(), "PIN".into()];
    pod.shell(
        Steps,
        0,
        "printf 'pw=correct-h'; sleep 0.3; printf 'orse; '; printf %s $DB_PASSWORD | base64; echo $PIN $PLAIN; \
         echo $DB_PASSWORD >&2",
    );
    let remains = pod.run();
    let text = remains.stdout(0, 0);
    assert!(text.starts_with("pw=***; ***") && text.ends_with("123 visible\n"), "{text}");
    assert_eq!(remains.printed(0, 0, 1, Stream::Stderr), b"***\n");
    let said = String::from_utf8(remains.printed(0, 0, 1, Stream::Runner)).unwrap();
    assert!(said.contains("PIN is shorter than 4 characters"), "{said}");
    let whole = remains.spool(0);
    assert!(!whole.windows(12).any(|window| window == b"orrect-horse"));
    assert!(!remains.step_outputs[0].contains("correct-horse"));
}

#[test]
fn a_deleted_pod_is_cancelled_and_cleans_up() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "echo begun > begun; sleep 60");
    pod.shell(Steps, 0, "echo no > not_run");
    pod.shell(After, 0, "echo yes > cleaned");
    let running = pod.start();
    wait_for(&running.path().join("data/begun"));
    wait_for(&running.path().join("control/leader/heartbeat"));
    running.terminate();
    let remains = running.wait();
    assert_eq!(remains.verdict(), "cancelled/Cancelled: cancelled while step \"step 0\" ran");
    let told = format!("{}\n{:?}", remains.leader_output, remains.step_outputs);
    assert!(remains.exists("cleaned") && !remains.exists("not_run"), "{told}");
    assert_eq!(remains.seal().steps, "csp");
}

#[test]
fn reports_are_read_and_counted() {
    let cases: String = (0..40)
        .map(|number| {
            let inside = if number < 3 { "<failure message='no'/>" } else { "" };
            format!("<testcase name='t{number}'>{inside}</testcase>")
        })
        .collect();
    let mut pod = Pod::new(2);
    pod.plan.files.push(PlanFile {
        path: format!("{}/report.txt", pod.plan.workspace),
        content: format!("<testsuite name='s' tests='40' failures='3'>{cases}</testsuite>"),
        from: None,
        dynamic: false,
        mode: 0o644,
    });
    let rule = pod.rule(&["*.txt", "nothing-*"]);
    pod.shell(Steps, 1, "true").artifacts = rule;
    let remains = pod.run();
    assert_eq!(remains.verdict(), "failed/TestsFailed: 3 of 40 tests failed in step \"step 0\"");
    assert_eq!(remains.seal().counts.unwrap().tests, 40);
    assert!(remains.leader_output.contains("no file matches \"nothing-*\""), "{}", remains.leader_output);
    assert!(remains.leader_output.contains("artifacts collected: 1 file"), "{}", remains.leader_output);
}

#[test]
fn a_killed_step_container_is_noticed() {
    let mut pod = Pod::new(2);
    pod.shell(Setup, 0, "true");
    pod.shell(Steps, 1, "echo x > pid; sleep 60");
    pod.shell(After, 0, "echo yes > cleaned");
    let mut running = pod.start();
    wait_for(&running.path().join("data/pid"));
    running.steps[1].kill().unwrap();
    let remains = running.wait();
    assert!(
        remains.verdict().starts_with("errored/StepErrored: step \"step 1\" errored: its container ended"),
        "{}",
        remains.verdict()
    );
    assert!(remains.exists("cleaned"));
}
