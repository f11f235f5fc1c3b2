//! What is said of an execution that is over.

use assay_api::{StepState, TestExecution, Verdict};
use assay_report::{Case, Counts, Outcome, Suite, TestReport, render};

use crate::exit;
use crate::failure::Failure;
use crate::output::github::{self, Level, Spot};
use crate::output::screen::{Screen, paint};
use crate::output::steps::leaves;
use crate::output::terminal::plain;
use crate::output::{summary, yaml};
use crate::program::called;
use crate::remote::again::again;
use crate::remote::server::RemoteError;
use crate::remote::session::Session;
use crate::stay::form::Form;

/// Says how an execution ended; the exit code is that of its verdict.
///
/// # Errors
/// When the report that was asked for cannot be had.
pub(crate) async fn conclude(
    session: &Session,
    end: &TestExecution,
    form: Form,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    match form {
        Form::Text => {
            lines(end, screen)?;
            let name = end.metadata.name.as_deref().unwrap_or_default();
            let hint = format!("more: {} -n {} describe {name}", called(), session.namespace);
            screen.note(&paint::dim(&hint))?;
        }
        Form::Name => {
            screen.line(&format!("testexecution.assay.dev/{}", end.metadata.name.as_deref().unwrap_or_default()))?
        }
        Form::Json | Form::Yaml => {
            let mut object = end.clone();
            object.metadata.managed_fields = None;
            screen.data(&yaml::of_object(&object, form == Form::Json)?)?;
        }
        Form::Junit => {
            let report = report(session, end, screen).await?.unwrap_or_else(|| of_steps(end));
            screen.data(&render::junit(&report))?;
        }
        Form::Github => {
            lines(end, screen)?;
            github(end, report(session, end, screen).await, screen)?;
        }
    }
    screen.flush()?;
    Ok(code(end))
}

/// The exit code of an execution that is over.
fn code(end: &TestExecution) -> u8 {
    let status = end.status.as_ref();
    let verdict = status.and_then(|status| status.verdict);
    verdict.map_or(exit::ERRORED, |verdict| exit::of(verdict, status.and_then(|status| status.reason)))
}

fn lines(end: &TestExecution, screen: &mut Screen) -> Result<(), Failure> {
    for line in summary::lines(end) {
        screen.line(&line)?;
    }
    Ok(screen.flush()?)
}

/// The test report of an execution; `None` when no test reported.
///
/// # Errors
/// When the server does not tell.
async fn report(session: &Session, end: &TestExecution, screen: &mut Screen) -> Result<Option<TestReport>, Failure> {
    let name = end.metadata.name.as_deref().unwrap_or_default();
    let remote = session.remote(name);
    match again(screen, async || remote.json("/report").await).await {
        Ok(report) => Ok(Some(report)),
        Err(RemoteError::Absent(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Annotations and summary. A report that cannot be had is a warning: the verdict is known.
fn github(
    end: &TestExecution,
    report: Result<Option<TestReport>, Failure>,
    screen: &mut Screen,
) -> Result<(), Failure> {
    let report = match report {
        Ok(report) => report.unwrap_or_default(),
        Err(failure) => {
            let message = format!("the test report cannot be had: {failure}");
            screen.line(&github::annotation(Level::Warning, Spot::default(), "", &message))?;
            TestReport::default()
        }
    };
    for line in annotated(end, &report) {
        screen.line(&line)?;
    }
    if let Some(path) = github::summary_file() {
        let sentence = end.status.as_ref().and_then(|status| status.message.as_deref());
        let summary = github::summary(&heading(end), sentence, &report);
        if let Err(error) = github::append(&path, &summary) {
            screen.note(&format!("the summary cannot be written to {}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// An annotation for each failed test; for the execution itself when no test says what is wrong.
fn annotated(end: &TestExecution, report: &TestReport) -> Vec<String> {
    let lines = github::annotations(report);
    let verdict = end.status.as_ref().and_then(|status| status.verdict);
    if !lines.is_empty() || verdict.is_some_and(Verdict::is_green) {
        return lines;
    }
    let message = end.status.as_ref().and_then(|status| status.message.as_deref()).unwrap_or("no verdict");
    vec![github::annotation(Level::Error, Spot::default(), &heading(end), &plain(message))]
}

fn heading(end: &TestExecution) -> String {
    let verdict = end.status.as_ref().and_then(|status| status.verdict);
    let verdict = verdict.map_or_else(|| "no verdict".to_owned(), |verdict| verdict.to_string());
    format!("{}: {verdict}", end.metadata.name.as_deref().unwrap_or_default())
}

/// A report for an execution whose tests wrote none: its steps are the cases.
fn of_steps(end: &TestExecution) -> TestReport {
    let suite = &end.spec.workflow_ref.name;
    let mut counts = Counts::default();
    let mut cases = Vec::new();
    for step in leaves(end.status.as_ref().map_or(&[][..], |status| &status.steps)) {
        let outcome = match step.state {
            StepState::Passed => Outcome::Passed,
            StepState::Failed | StepState::TimedOut => Outcome::Failed,
            StepState::Errored | StepState::Cancelled => Outcome::Errored,
            StepState::Waiting | StepState::Running | StepState::Paused | StepState::Skipped => Outcome::Skipped,
        };
        counts.record(outcome, false);
        cases.push(Case {
            suite: suite.clone(),
            class: None,
            name: plain(&step.name),
            file: None,
            line: None,
            seconds: None,
            outcome,
            message: step.message.as_deref().map(plain),
            details: None,
            flaky: false,
        });
    }
    TestReport { suites: vec![Suite { name: suite.clone(), counts, seconds: 0.0, cases }], warnings: Vec::new() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn end(verdict: &str, reason: &str) -> TestExecution {
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "namespace": "ns" }, "spec": { "workflowRef": { "name": "a" } },
            "status": {
                "phase": "Finished", "verdict": verdict, "reason": reason, "message": "step \"x\" failed\n::error::no",
                "steps": [
                    { "id": "p", "name": "prepare", "state": "passed" },
                    { "id": "b", "name": "block", "state": "failed" },
                    { "id": "x", "name": "x\u{1b}[2J", "state": "failed", "depth": 1, "message": "exit code 7" },
                    { "id": "z", "name": "z", "state": "skipped" },
                ],
            },
        }))
        .expect("an execution")
    }

    #[test]
    fn an_end_without_a_report_is_annotated_once() {
        let none = TestReport::default();
        assert_eq!(
            annotated(&end("failed", "TestsFailed"), &none),
            ["::error title=a-1%3A failed::step \"x\" failed ::error::no"]
        );
        assert_eq!(annotated(&end("passed", "Passed"), &none), Vec::<String>::new());
    }

    #[test]
    fn steps_stand_in_for_tests() {
        let report = of_steps(&end("failed", "TestsFailed"));
        insta::assert_snapshot!(render::junit(&report));
    }

    #[test]
    fn the_code_is_that_of_the_verdict() {
        assert_eq!(code(&end("failed", "TestsFailed")), exit::FAILED);
        assert_eq!(code(&end("cancelled", "Cancelled")), exit::CANCELLED);
        assert_eq!(code(&TestExecution::new("x", assay_api::TestExecutionSpec::default())), exit::ERRORED);
    }
}
