//! What the steps of a run mean together.

use assay_protocol::{Condition, ExecutionIdentity, Instruction, PROTOCOL_VERSION, PlanDocument, RetryRule};

use super::*;

/// `section:state` with marks: `?` optional, `2` second attempt, `!` program missing,
/// `/3` three failed tests of forty, `~` a flaky test.
fn row(text: &str) -> (Instruction, Run) {
    let (section, rest) = text.split_once(':').expect("section:state");
    let section = match section {
        "setup" => Section::Setup,
        "after" => Section::After,
        _ => Section::Steps,
    };
    let states = [
        ("passed", StepState::Passed),
        ("failed", StepState::Failed),
        ("errored", StepState::Errored),
        ("timedOut", StepState::TimedOut),
        ("cancelled", StepState::Cancelled),
        ("skipped", StepState::Skipped),
    ];
    let (word, state) = states.into_iter().find(|(word, _)| rest.starts_with(word)).expect("a state");
    let marks = &rest[word.len()..];
    let failed = Counts { tests: 40, passed: 37, failed: 3, ..Counts::default() };
    let flaky = Counts { tests: 40, passed: 40, flaky: 2, ..Counts::default() };
    let step = Instruction {
        index: 0,
        id: "x".into(),
        name: "pytest".into(),
        section,
        block: None,
        group: 0,
        condition: Condition::Passed,
        action: None,
        artifacts: None,
        retry: RetryRule { attempts: 1, delay_ms: 0, until: None },
        timeout_ms: None,
        optional: marks.contains('?'),
        negative: false,
        delay_ms: 0,
        paused: false,
        fetches: false,
        files: vec![],
    };
    let run = Run {
        state,
        attempts: if marks.contains('2') { 2 } else { 1 },
        message: state.is_bad().then(|| "exit code 1".to_owned()),
        counts: if marks.contains("/3") { Some(failed) } else { marks.contains('~').then_some(flaky) },
        not_started: marks.contains('!'),
        stumbled: marks.contains('2'),
        ..Run::default()
    };
    (step, run)
}

/// A run of the rows.
fn judged(text: &str, cancelled: bool, timed_out: bool) -> Judgement {
    let (mut steps, runs): (Vec<Instruction>, Vec<Run>) = text.split(' ').map(row).unzip();
    for (index, step) in (0..).zip(&mut steps) {
        step.index = index;
    }
    let execution = ExecutionIdentity {
        namespace: "n".into(),
        name: "e".into(),
        uid: "u".into(),
        workflow: "w".into(),
        attempt: 1,
        revision: None,
    };
    let plan = PlanDocument {
        version: PROTOCOL_VERSION,
        execution,
        server: None,
        groups: vec![],
        steps,
        blocks: vec![],
        files: vec![],
        workspace: "/data".into(),
        timeout_ms: 60_000,
        after_grace_ms: 10_000,
        pause_ms: 60_000,
    };
    Record { tree: &Tree::new(&plan), runs: &runs, cancelled, timed_out, held: None }.conclude()
}

#[test]
fn the_first_rule_that_applies_counts() {
    let table = [
        ("steps:passed", "passed/Passed: 1 step passed"),
        ("setup:passed steps:passed after:passed", "passed/Passed: 3 steps passed"),
        ("steps:failed/3", "failed/TestsFailed: 3 of 40 tests failed in step \"pytest\""),
        ("steps:failed steps:failed/3", "failed/TestsFailed: step \"pytest\" failed: exit code 1 (and 1 more)"),
        ("steps:failed?", "passed/Passed: 0 steps passed"),
        ("steps:failed? steps:passed", "passed/Passed: 1 step passed"),
        ("steps:failed steps:errored", "errored/StepErrored: step \"pytest\" errored: exit code 1"),
        ("steps:errored!", "errored/CommandNotFound: step \"pytest\" errored: exit code 1"),
        ("setup:failed steps:skipped", "errored/SetupFailed: step \"pytest\" failed: exit code 1"),
        ("setup:errored! steps:skipped", "errored/SetupFailed: step \"pytest\" errored: exit code 1"),
        ("setup:failed steps:failed", "errored/SetupFailed: step \"pytest\" failed: exit code 1"),
        ("steps:timedOut", "failed/StepTimedOut: step \"pytest\" timed out: exit code 1"),
        ("steps:timedOut steps:failed", "failed/TestsFailed: step \"pytest\" failed: exit code 1"),
        ("steps:passed after:failed", "errored/AfterFailed: step \"pytest\" failed: exit code 1"),
        ("steps:failed after:failed", "failed/TestsFailed: step \"pytest\" failed: exit code 1"),
        ("steps:passed after:failed?", "passed/Passed: 1 step passed"),
        ("steps:passed2?", "passed/Passed: 1 step passed"),
        ("steps:passed2", "flaky/PassedAfterRetry: step \"pytest\" passed at attempt 2"),
        ("steps:passed~", "flaky/PassedAfterRetry: 2 of 40 tests passed only after a retry in step \"pytest\""),
        ("steps:skipped steps:skipped", "skipped/Skipped: every step was skipped"),
        ("setup:passed steps:skipped", "skipped/Skipped: every step was skipped"),
        ("steps:skipped steps:passed", "passed/Passed: 1 step passed"),
    ];
    for (text, expected) in table {
        let judged = judged(text, false, false);
        assert_eq!(format!("{}/{}: {}", judged.verdict, judged.reason, judged.message), expected, "{text}");
    }
}

#[test]
fn ends_from_outside_come_first() {
    let text = "steps:failed steps:cancelled";
    let cancelled = judged(text, true, true);
    assert_eq!((cancelled.verdict, cancelled.reason), (Verdict::Cancelled, Reason::Cancelled));
    let late = judged(text, false, true);
    assert_eq!((late.verdict, late.reason), (Verdict::Errored, Reason::ExecutionTimedOut));
    assert_eq!(late.message, "the execution's deadline passed while step \"pytest\" ran");
}
