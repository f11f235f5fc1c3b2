//! Conditions and `until` as expressions, and what steps are told.

use super::*;

fn with_output(step: u16, attempt: u32, code: i32, output: (&str, &str)) -> Event {
    let Event::Done(mut ended) = exit(step, attempt, code) else { unreachable!("it is") };
    ended.outputs.insert(output.0.to_owned(), output.1.to_owned());
    Event::Done(ended)
}

/// s0 has run with code 3 and the output `changed: yes`; s1 asks.
fn after_first(condition: &str) -> (Machine, Vec<Deed>) {
    let mut second = instruction(1, Section::Steps, 0);
    second.condition = Condition::When(condition.to_owned());
    let mut machine = begun(&plan(vec![instruction(0, Section::Steps, 0), second]));
    let deeds = acts(&mut machine, with_output(0, 1, 3, ("changed", "yes")), 1);
    (machine, deeds)
}

#[test]
fn a_condition_is_an_expression() {
    let table = [
        ("always", true),
        ("never", false),
        ("failed && !passed", true),
        ("passed || cancelled || timedOut", false),
        ("steps.s0.status == \"failed\"", true),
        ("steps.s0.exitCode == 3", true),
        ("step.s0.exitCode > 3", false),
        ("steps.s0.attempts == 1", true),
        ("steps.s0.outputs.changed == \"yes\"", true),
        ("steps.s0.outputs.absent == \"yes\"", false),
        ("steps.s1.status == \"waiting\"", true),
    ];
    for (condition, holds) in table {
        let (machine, deeds) = after_first(condition);
        let expected = if holds { vec![go(0, 1, 1)] } else { vec![Deed::Finished] };
        assert_eq!(deeds, expected, "{condition}: {:?}", of_step(&machine, 1).message);
    }
}

#[test]
fn what_cannot_be_evaluated_is_errored_and_explained() {
    for condition in ["steps.s9.status == \"passed\"", "pased", "passed &&", "self.passed"] {
        let (machine, deeds) = after_first(condition);
        assert_eq!(deeds, [Deed::Finished], "{condition}");
        let run = of_step(&machine, 1);
        let message = run.message.clone().unwrap_or_default();
        assert_eq!(run.state, StepState::Errored, "{condition}");
        assert!(message.starts_with(&format!("its condition cannot be evaluated: `{condition}`: ")), "{message}");
        assert!(verdict(&machine).starts_with("errored/StepErrored: step \"s1\" errored: its condition"));
    }
}

#[test]
fn until_ends_the_attempts() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = RetryRule { attempts: 5, delay_ms: 0, until: Some("self.failed || self.attempt == 3".into()) };
    let mut machine = begun(&plan(vec![step.clone()]));
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1), [Deed::Forget { step: 0 }, go(0, 0, 2)]);
    assert_eq!(acts(&mut machine, exit(0, 2, 0), 2), [Deed::Forget { step: 0 }, go(0, 0, 3)]);
    assert_eq!(acts(&mut machine, exit(0, 3, 0), 3), [Deed::Finished]);
    assert_eq!(verdict(&machine), "passed/Passed: 1 step passed", "no attempt failed, so nothing is flaky");

    let mut machine = begun(&plan(vec![step.clone()]));
    assert_eq!(acts(&mut machine, exit(0, 1, 7), 1), [Deed::Finished]);
    assert_eq!(states(&machine), "f", "the last attempt counts");

    step.retry.until = Some("self.exitCode == 0 && self.tests.failed == 0".into());
    let mut machine = begun(&plan(vec![step.clone()]));
    assert_eq!(acts(&mut machine, exit(0, 1, 1), 1), [Deed::Forget { step: 0 }, go(0, 0, 2)]);

    step.retry.until = Some("self.colour".into());
    let mut machine = begun(&plan(vec![step]));
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1), [Deed::Finished]);
    let message = of_step(&machine, 0).message.clone().unwrap_or_default();
    assert!(message.starts_with("its `until` cannot be evaluated: `self.colour`: "), "{message}");
}

#[test]
fn until_sees_all_of_a_block() {
    let mut plan = nested(vec![block(0, None)], vec![inside(0, 0)]);
    plan.blocks[0].retry = RetryRule { attempts: 3, delay_ms: 0, until: Some("self.failed".into()) };
    let mut machine = begun(&plan);
    let again = [Deed::Forget { step: 0 }, go(0, 0, 2)];
    assert_eq!(acts(&mut machine, exit(0, 1, 0), 1), again);
    assert_eq!(acts(&mut machine, exit(0, 2, 1), 2), [Deed::Finished]);
    assert_eq!(of_block(&machine, 0).state, StepState::Failed);
}

#[test]
fn a_step_is_told_what_it_needs() {
    let mut last = instruction(2, Section::Steps, 0);
    last.action.as_mut().expect("it has one").needs = vec!["s0".into(), "b0".into(), "nobody".into()];
    let plan = nested(vec![block(0, None)], vec![inside(0, 0), inside(1, 0), last]);
    let mut machine = begun(&plan);
    acts(&mut machine, with_output(0, 1, 0, ("key", "zero")), 1);
    assert_eq!(acts(&mut machine, with_output(1, 1, 0, ("other", "one")), 2), [go(0, 2, 1)]);
    let go = machine.go(2);
    assert_eq!(go.steps.keys().collect::<Vec<_>>(), ["b0", "s0"]);
    let (step, block) = (&go.steps["s0"], &go.steps["b0"]);
    assert_eq!((step.status, step.exit_code, step.outputs["key"].as_str()), (StepState::Passed, Some(0), "zero"));
    assert_eq!((block.status, block.exit_code), (StepState::Passed, None));
    assert_eq!((block.outputs["key"].as_str(), block.outputs["other"].as_str()), ("zero", "one"));
    assert_eq!(machine.go(0), Go::default());
}

#[test]
fn outputs_are_those_of_the_last_attempt() {
    let mut step = instruction(0, Section::Steps, 0);
    step.retry = tries(2, 0);
    let mut machine = begun(&plan(vec![step]));
    acts(&mut machine, with_output(0, 1, 1, ("first", "x")), 1);
    acts(&mut machine, with_output(0, 2, 0, ("second", "y")), 2);
    assert_eq!(of_step(&machine, 0).outputs.keys().collect::<Vec<_>>(), ["second"]);
}
