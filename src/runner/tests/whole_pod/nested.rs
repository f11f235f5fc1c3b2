//! Blocks, outputs and expressions over real processes.

use assay_protocol::{Condition, RetryRule, Section};

use crate::pod::Pod;
use Section::{After, Steps};

#[test]
fn a_block_is_tried_again_and_hands_on_what_its_last_attempt_gave() {
    let mut pod = Pod::new(2);
    pod.shell(Steps, 0, "echo $ASSAY_STEP_ATTEMPT > $ASSAY_OUTPUTS/attempt; echo one >> log").id = "first".into();
    pod.shell(Steps, 1, "echo two >> log; test $ASSAY_STEP_ATTEMPT = 2");
    pod.block(2).retry = RetryRule { attempts: 3, delay_ms: 20, until: None };
    pod.shell(Steps, 1, "echo {{ steps.first.outputs.attempt }} {{ steps.block_0.status }} > told");
    pod.plan.steps[2].condition = Condition::When("steps.block_0.attempts == 2 && passed".into());
    let action = pod.plan.steps[2].action.as_mut().unwrap();
    (action.dynamic, action.needs) = (true, vec!["first".into(), "block_0".into()]);
    pod.shell(Steps, 0, "echo no > not_run").condition = Condition::When("steps.first.outputs.attempt != \"2\"".into());
    let remains = pod.run();
    let told = format!("{}\n{:?}", remains.leader_output, remains.step_outputs);
    assert_eq!(remains.verdict(), "flaky/PassedAfterRetry: block \"block 0\" passed at attempt 2", "{told}");
    assert_eq!(std::fs::read_to_string(remains.path().join("data/log")).unwrap(), "one\ntwo\none\ntwo\n");
    assert_eq!(std::fs::read_to_string(remains.path().join("data/told")).unwrap(), "2 passed\n");
    assert_eq!((remains.seal().steps.as_str(), remains.exists("not_run")), ("ppps", false));
    let expected = "↻ block \"block 0\": step \"block 0 › step 1\" failed: exit code 1; attempt 2 of 3 in 20 ms";
    assert!(remains.leader_output.contains(expected), "{told}");
}

#[test]
fn the_timeout_of_a_block_ends_its_processes() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "true");
    pod.shell(Steps, 0, "sleep 3600");
    pod.shell(Steps, 0, "echo no > not_run").condition = Condition::Always;
    pod.block(3).timeout_ms = Some(5000);
    pod.shell(After, 0, "echo yes > cleaned");
    let remains = pod.run();
    let expected = "failed/StepTimedOut: block \"block 0\" timed out: ran longer than its timeout of 5 s";
    assert_eq!((remains.verdict().as_str(), remains.seal().steps.as_str()), (expected, "ptsp"));
    assert!(remains.exists("cleaned") && !remains.exists("not_run"));
}

#[test]
fn a_condition_that_means_nothing_is_explained() {
    let mut pod = Pod::new(1);
    pod.shell(Steps, 0, "true").condition = Condition::When("steps.biuld.status == \"passed\"".into());
    let remains = pod.run();
    let expected =
        "errored/StepErrored: step \"step 0\" errored: its condition cannot be evaluated: `steps.biuld.status";
    assert!(remains.verdict().starts_with(expected), "{}", remains.verdict());
}
