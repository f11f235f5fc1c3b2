//! The status of what executions are made from: workflows and templates.

use assay_api::{LastExecution, Reason, TestWorkflowStatus, TestWorkflowTemplateStatus};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::conditions::{State, Word, cut, fold};

/// Most diagnostics a status lists, and the longest of each in bytes.
const DIAGNOSTICS: (usize, usize) = (50, 1024);

/// The status of a workflow whose spec has these errors (none: it is valid)
/// and these warnings. `last` is the execution that ended last, when it is known.
pub fn fold_workflow(
    previous: &TestWorkflowStatus,
    generation: i64,
    errors: &[String],
    warnings: &[String],
    last: Option<LastExecution>,
    now: Timestamp,
) -> TestWorkflowStatus {
    let newer = newest(previous.last_execution.clone(), last);
    TestWorkflowStatus {
        observed_generation: generation,
        conditions: judged(&previous.conditions, generation, errors, now),
        diagnostics: diagnostics(errors, warnings),
        last_execution: newer,
    }
}

/// The status of a template whose spec has these errors (none: it is valid)
/// and these warnings.
pub fn fold_template(
    previous: &TestWorkflowTemplateStatus,
    generation: i64,
    errors: &[String],
    warnings: &[String],
    now: Timestamp,
) -> TestWorkflowTemplateStatus {
    TestWorkflowTemplateStatus {
        observed_generation: generation,
        conditions: judged(&previous.conditions, generation, errors, now),
        diagnostics: diagnostics(errors, warnings),
    }
}

fn judged(previous: &[Condition], generation: i64, errors: &[String], now: Timestamp) -> Vec<Condition> {
    let (state, reason) = if errors.is_empty() { (State::Good, Reason::Valid) } else { (State::Bad, Reason::Invalid) };
    let message = match errors {
        [] => "the definition is valid".to_owned(),
        errors => shortened(errors).join("\n"),
    };
    fold(previous, &Word { state, reason, message: &message, generation }, now)
}

fn diagnostics(errors: &[String], warnings: &[String]) -> Vec<String> {
    let warnings = warnings.iter().map(|warning| format!("warning: {warning}"));
    shortened(&errors.iter().cloned().chain(warnings).collect::<Vec<_>>())
}

fn shortened(errors: &[String]) -> Vec<String> {
    let (count, bytes) = DIAGNOSTICS;
    let mut lines: Vec<String> = errors.iter().take(count).map(|line| cut(line, bytes).to_owned()).collect();
    if errors.len() > count {
        lines.push(format!("and {} more", errors.len() - count));
    }
    lines
}

fn newest(known: Option<LastExecution>, heard: Option<LastExecution>) -> Option<LastExecution> {
    match (known, heard) {
        (Some(known), Some(heard)) => Some(if heard.finished_at >= known.finished_at { heard } else { known }),
        (known, heard) => heard.or(known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn an_invalid_workflow_is_stalled_and_says_everything() {
        let errors = vec!["steps[0]: has no command".to_owned(), "steps[1]: unknown".to_owned()];
        let bad = fold_workflow(&TestWorkflowStatus::default(), 2, &errors, &[], None, at(10));
        let short: Vec<_> = bad.conditions.iter().map(|c| (c.type_.as_str(), c.status.as_str())).collect();
        assert_eq!(short, [("Ready", "False"), ("Stalled", "True")]);
        assert_eq!(bad.conditions[0].message, "steps[0]: has no command\nsteps[1]: unknown");
        assert_eq!((bad.observed_generation, bad.diagnostics.len()), (2, 2));

        let good = fold_workflow(&bad, 3, &[], &[], None, at(20));
        assert_eq!(good.conditions.len(), 1);
        assert_eq!((good.conditions[0].reason.as_str(), good.conditions[0].last_transition_time.0), ("Valid", at(20)));
        assert_eq!(fold_workflow(&good, 3, &[], &[], None, at(30)), good, "nothing new, nothing written");
    }

    #[test]
    fn the_newest_execution_stays() {
        let last = |name: &str, second| {
            let verdict = assay_api::Verdict::Passed;
            Some(LastExecution { name: name.to_owned(), verdict, finished_at: Some(at(second)) })
        };
        let one = fold_workflow(&TestWorkflowStatus::default(), 1, &[], &[], last("new", 20), at(20));
        let two = fold_workflow(&one, 1, &[], &[], last("old", 10), at(30));
        assert_eq!(two.last_execution, last("new", 20));
    }
}
