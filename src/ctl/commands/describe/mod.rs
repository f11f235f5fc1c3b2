//! `assay describe`: everything about one execution, from its object and its record.

mod deadlines;
mod head;
mod parts;
mod tree;

use assay_api::{Phase, TestExecution, TestWorkflow};
use assay_plan::Deadlines;
use assay_protocol::rest::ExecutionRecord;
use clap::Args as ClapArgs;
use jiff::Timestamp;

use crate::exit;
use crate::failure::Failure;
use crate::output::conditions::conditions;
use crate::output::screen::{Screen, paint};
use crate::place::Place;
use crate::program::called;
use crate::remote::server::RemoteError;
use crate::remote::session::Session;
use crate::remote::which::Which;
use crate::stay::watched::paused_hint;

/// Arguments of `describe`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct Describe {
    #[command(flatten)]
    which: Which,
}

/// Shows an execution.
///
/// # Errors
/// When it does not exist, or the cluster does not tell.
pub(crate) async fn describe(place: &Place, task: Describe, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let name = task.which.name(&session).await?;
    let execution = session.execution(&name).await?;
    let (record, missing) = match session.remote(&name).json::<ExecutionRecord>("").await {
        Ok(record) => (Some(record), None),
        // The store has not heard of it yet, or no more.
        Err(RemoteError::Absent(_)) => (None, None),
        Err(error) => (None, Some(error)),
    };
    let limits = limits(&session, &execution).await;
    screen.data(&text(&execution, record.as_ref(), limits.as_ref(), Timestamp::now()))?;
    if let Some(error) = missing {
        let error = assay_telemetry::error_chain(&error);
        screen.note(&paint::dim(&format!("what only the store knows is missing: {error}")))?;
    }
    for hint in hints(&session.namespace, &execution) {
        screen.note(&paint::dim(&hint))?;
    }
    Ok(exit::PASSED)
}

/// Deadlines of the workflow, while there are any to keep. Who may not read it is told none.
async fn limits(session: &Session, execution: &TestExecution) -> Option<Deadlines> {
    let phase = execution.status.as_ref().map_or(Phase::Pending, |status| status.phase);
    if phase == Phase::Finished {
        return None;
    }
    let workflow = &execution.spec.workflow_ref.name;
    let found = session.cluster.get::<TestWorkflow>(&session.namespace, workflow).await.ok().flatten()?;
    Some(Deadlines::of(&found.spec))
}

fn hints(namespace: &str, execution: &TestExecution) -> Vec<String> {
    let name = execution.metadata.name.as_deref().unwrap_or_default();
    let program = called();
    let mut hints = vec![format!("whole log: {program} -n {namespace} logs {name}")];
    let Some(status) = &execution.status else { return hints };
    if status.artifacts.as_ref().is_some_and(|artifacts| artifacts.count > 0) {
        hints.push(format!("files: {program} -n {namespace} artifacts get {name} -d DIR"));
    }
    if status.tests.is_some() {
        hints.push(format!("tests: {program} -n {namespace} report {name}"));
    }
    hints.extend(paused_hint(namespace, name, status));
    hints
}

fn text(
    execution: &TestExecution,
    record: Option<&ExecutionRecord>,
    limits: Option<&Deadlines>,
    now: Timestamp,
) -> String {
    let status = execution.status.clone().unwrap_or_default();
    let progress = record.and_then(|record| record.progress.as_ref());
    let mut out = head::head(execution, &status, progress, now);
    if let Some(limits) = limits {
        out.push_str(&deadlines::deadlines(&status, progress, limits, now));
    }
    out.push_str(&tree::steps(&status));
    if let Some(progress) = progress {
        out.push_str(&tree::outputs(progress));
    }
    out.push_str(&parts::tests(&status));
    out.push_str(&parts::log(&status));
    out.push_str(&parts::artifacts(&status));
    out.push_str(&conditions(&status.conditions, now));
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(execution: serde_json::Value, record: Option<serde_json::Value>) -> String {
        let execution: TestExecution = serde_json::from_value(execution).expect("an execution");
        let record: Option<ExecutionRecord> = record.map(|record| serde_json::from_value(record).expect("a record"));
        let limits = Deadlines::of(&assay_api::TestWorkflowSpec::default());
        let now = "2026-01-01T00:00:10Z".parse().expect("a time");
        let text = text(&execution, record.as_ref(), Some(&limits), now);
        assert!(!text.contains("\x1b]") && !text.contains("\x1b[2J"), "{text:?}");
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn a_finished_one_says_everything_and_obeys_nothing() {
        let text = shown(
            json!({
                "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
                "metadata": { "name": "a-1", "namespace": "ns", "annotations": { "assay.dev/rerun-of": "a-0", "assay.dev/keep": "true" } },
                "spec": { "workflowRef": { "name": "a" }, "config": { "x": 1 }, "revision": "abc\u{1b}[2J",
                    "configFrom": { "password": { "secretKeyRef": { "name": "db", "key": "pw" } } } },
                "status": {
                    "phase": "Finished", "verdict": "failed", "reason": "TestsFailed", "message": "1 of 2 failed",
                    "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z", "duration": "2s",
                    "job": { "name": "a-1-abc", "attempt": 2, "planHash": "h" },
                    "steps": [
                        { "id": "clone", "name": "clone", "state": "passed", "attempts": 1, "duration": "1.2s" },
                        { "id": "tests", "name": "tests", "state": "failed", "attempts": 2 },
                        { "id": "py", "name": "pytest", "depth": 1, "state": "failed", "attempts": 2, "exitCode": 1 },
                        { "id": "go", "name": "go\u{1b}]0;x\u{7}", "depth": 1, "state": "skipped" },
                    ],
                    "tests": { "summary": "1/2", "total": 2, "passed": 1, "failed": 1, "skipped": 0, "flaky": 0 },
                    "failures": [{ "suite": "s", "name": "t\u{1b}]0;x\u{7}", "message": "no" }],
                    "log": { "bytes": 2048, "complete": false, "tail": "a\u{1b}[2Jb\nlast\n" },
                    "artifacts": { "count": 3, "bytes": 10, "items": [{ "path": "r\u{1b}[0K.xml", "size": 10 }] },
                    "conditions": [{ "type": "Ready", "status": "False", "reason": "TestsFailed", "message": "m",
                        "lastTransitionTime": "2026-01-01T00:00:02Z" }],
                },
            }),
            Some(record(&json!(null))),
        );
        insta::assert_snapshot!(text);
    }

    fn record(paused: &serde_json::Value) -> serde_json::Value {
        let step = |id: &str, outputs: serde_json::Value| {
            json!({ "id": id, "name": id, "state": "passed", "attempts": 1, "exitCode": 0, "startedAt": null,
                "finishedAt": null, "message": null, "outputs": outputs })
        };
        json!({
            "namespace": "ns", "name": "a-1", "uid": "u", "workflow": "a", "attempt": 1, "createdAt": "2026-01-01T00:00:00Z",
            "conclusion": null,
            "progress": { "sequence": 1, "startedAt": "2026-01-01T00:00:00Z", "pausedMs": 61000, "tests": null,
                "artifacts": { "count": 0, "bytes": 0 }, "outcome": null, "paused": paused,
                "steps": [step("clone", json!({ "commit": "0123abc" })), step("py", json!({ "note": "two\nlines\u{1b}[2J" })), step("go", json!({}))] },
        })
    }

    #[test]
    fn one_that_holds_says_before_what_and_how_long() {
        let text = shown(
            json!({
                "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution", "metadata": { "name": "a-1", "namespace": "ns" },
                "spec": { "workflowRef": { "name": "a" }, "pause": true },
                "status": {
                    "delivery": { "kind": "Application", "namespace": "argocd", "name": "shop", "revision": "4f2d9c1",
                        "hook": "PostSync", "attempt": 2 },
                    "phase": "Paused", "reason": "Paused", "queuedAt": "2025-12-31T23:59:58Z", "startedAt": "2026-01-01T00:00:00Z",
                    "steps": [
                        { "id": "clone", "name": "clone", "state": "passed", "attempts": 1, "duration": "1.2s" },
                        { "id": "deploy", "name": "Deploy", "state": "paused" },
                    ],
                },
            }),
            Some(record(&json!({ "step": "deploy", "since": "2026-01-01T00:00:05Z" }))),
        );
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_new_one_says_by_when_it_starts() {
        let text = shown(
            json!({
                "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution", "metadata": { "name": "a-1", "namespace": "ns" },
                "spec": { "workflowRef": { "name": "a" } },
                "status": { "phase": "Starting", "queuedAt": "2026-01-01T00:00:00Z", "message": "waits for a node" },
            }),
            None,
        );
        insta::assert_snapshot!(text);
    }
}
