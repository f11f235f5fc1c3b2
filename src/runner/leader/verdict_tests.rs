//! What the steps of a run mean together.

use assay_protocol::{Condition, RetryRule};

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
        ..Run::default()
    };
    (step, run)
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
        ("steps:passed2", "flaky/PassedAfterRetry: step \"pytest\" passed at attempt 2"),
        ("steps:passed~", "flaky/PassedAfterRetry: 2 of 40 tests passed only after a retry in step \"pytest\""),
        ("steps:skipped steps:skipped", "skipped/Skipped: every step was skipped"),
        ("setup:passed steps:skipped", "skipped/Skipped: every step was skipped"),
        ("steps:skipped steps:passed", "passed/Passed: 1 step passed"),
    ];
    for (text, expected) in table {
        let (steps, runs): (Vec<_>, Vec<_>) = text.split(' ').map(row).unzip();
        let judged = conclude(&steps, &runs, false, false);
        assert_eq!(format!("{}/{}: {}", judged.verdict, judged.reason, judged.message), expected, "{text}");
    }
}

#[test]
fn ends_from_outside_come_first() {
    let (steps, runs): (Vec<_>, Vec<_>) = ["steps:failed", "steps:cancelled"].into_iter().map(row).unzip();
    let cancelled = conclude(&steps, &runs, true, true);
    assert_eq!((cancelled.verdict, cancelled.reason), (Verdict::Cancelled, Reason::Cancelled));
    let late = conclude(&steps, &runs, false, true);
    assert_eq!((late.verdict, late.reason), (Verdict::Errored, Reason::ExecutionTimedOut));
    assert_eq!(late.message, "the execution's deadline passed while step \"pytest\" ran");
}
