//! `assay describe`: everything about one execution, from its object.

use assay_api::{TestExecution, TestExecutionStatus};
use jiff::Timestamp;

use crate::clock::{age, size};
use crate::exit;
use crate::failure::Failure;
use crate::meant::Place;
use crate::screen::{Screen, paint};
use crate::session::Session;
use crate::summary;
use crate::table::{Cell, table};
use crate::terminal::{plain, strip};

/// Shows an execution.
///
/// # Errors
/// When it does not exist, or the cluster does not tell.
pub(crate) async fn describe(place: &Place, name: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let execution = session.execution(name).await?;
    screen.data(&text(&execution, Timestamp::now()))?;
    let namespace = &session.namespace;
    let mut hints = vec![format!("whole log: assay -n {namespace} logs {name}")];
    let status = execution.status.unwrap_or_default();
    if status.artifacts.is_some_and(|artifacts| artifacts.count > 0) {
        hints.push(format!("files: assay -n {namespace} artifacts get {name} -d DIR"));
    }
    if status.tests.is_some() {
        hints.push(format!("tests: assay -n {namespace} report {name}"));
    }
    for hint in hints {
        screen.note(&paint::dim(&hint))?;
    }
    Ok(exit::PASSED)
}

fn text(execution: &TestExecution, now: Timestamp) -> String {
    let status = execution.status.clone().unwrap_or_default();
    let mut out = head(execution, &status, now);
    out.push_str(&steps(&status));
    out.push_str(&tests(&status));
    out.push_str(&log(&status));
    out.push_str(&artifacts(&status));
    out.push_str(&conditions(&status, now));
    out
}

fn head(execution: &TestExecution, status: &TestExecutionStatus, now: Timestamp) -> String {
    let mut fields: Vec<(&str, String)> = vec![
        ("Name", execution.metadata.name.clone().unwrap_or_default()),
        ("Namespace", execution.metadata.namespace.clone().unwrap_or_default()),
        ("Workflow", execution.spec.workflow_ref.name.clone()),
    ];
    let mut field = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    field("Revision", execution.spec.revision.as_deref().map(plain));
    let config = execution.spec.config.iter().map(|(name, value)| {
        use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString::{Int, String};
        match value {
            Int(value) => format!("{name}={value}"),
            String(value) => format!("{name}={value}"),
        }
    });
    field("Config", Some(plain(&config.collect::<Vec<_>>().join(", "))).filter(|text| !text.is_empty()));
    field("Phase", Some(status.phase.to_string()));
    field("Verdict", status.verdict.map(summary::verdict));
    field("Reason", status.reason.map(|reason| reason.to_string()));
    field("Message", status.message.as_deref().map(plain));
    let ago = |time: Timestamp| format!("{time:.0} ({} ago)", age(time, now));
    field("Started", status.started_at.map(ago));
    field("Finished", status.finished_at.map(ago));
    field("Duration", status.duration.as_deref().map(plain));
    field("Job", status.job.as_ref().map(|job| format!("{} (attempt {})", job.name, job.attempt)));
    fields.iter().map(|(name, value)| format!("{:<12}{value}\n", format!("{name}:"))).collect()
}

fn steps(status: &TestExecutionStatus) -> String {
    if status.steps.is_empty() {
        return String::new();
    }
    let rows = status.steps.iter().map(|step| {
        vec![
            format!("  {}", plain(&step.id)).into(),
            plain(&step.name).into(),
            Cell::outcome(step.state.as_str()),
            step.attempts.to_string().into(),
            step.exit_code.map(|code| code.to_string()).unwrap_or_default().into(),
            plain(step.duration.as_deref().unwrap_or_default()).into(),
            plain(step.message.as_deref().unwrap_or_default()).into(),
        ]
    });
    let head = ["  ID", "NAME", "STATE", "ATTEMPTS", "EXIT", "DURATION", "MESSAGE"];
    format!("\nSteps:\n{}", table(&head, rows.collect()))
}

fn tests(status: &TestExecutionStatus) -> String {
    let Some(tests) = &status.tests else { return String::new() };
    let mut out = format!("\nTests:      {} ({})\n", plain(&tests.summary), summary::counts(tests));
    for line in summary::failures(status, usize::MAX) {
        out.push_str(&line);
        out.push('\n');
    }
    out
}

fn log(status: &TestExecutionStatus) -> String {
    let Some(log) = &status.log else { return String::new() };
    let bytes = size(u64::try_from(log.bytes).unwrap_or(0));
    let complete = if log.complete { "" } else { ", not complete" };
    let mut out = format!("\nLog:        {bytes}{complete}\n");
    if !log.tail.is_empty() {
        for line in strip(&log.tail).lines() {
            out.push_str(&format!("  {line}\n"));
        }
    }
    out
}

fn artifacts(status: &TestExecutionStatus) -> String {
    let Some(artifacts) = status.artifacts.as_ref().filter(|artifacts| artifacts.count > 0) else {
        return String::new();
    };
    let total = size(u64::try_from(artifacts.bytes).unwrap_or(0));
    let mut out = format!("\nArtifacts:  {} files, {total}\n", artifacts.count);
    for item in &artifacts.items {
        out.push_str(&format!("  {} ({})\n", plain(&item.path), size(u64::try_from(item.size).unwrap_or(0))));
    }
    let shown = i64::try_from(artifacts.items.len()).unwrap_or(i64::MAX);
    if artifacts.count > shown && shown > 0 {
        out.push_str(&format!("  and {} more\n", artifacts.count - shown));
    }
    out
}

fn conditions(status: &TestExecutionStatus, now: Timestamp) -> String {
    if status.conditions.is_empty() {
        return String::new();
    }
    let rows = status.conditions.iter().map(|condition| {
        vec![
            format!("  {}", condition.type_).into(),
            condition.status.clone().into(),
            condition.reason.clone().into(),
            age(condition.last_transition_time.0, now).into(),
            plain(&condition.message).into(),
        ]
    });
    format!("\nConditions:\n{}", table(&["  TYPE", "STATUS", "REASON", "AGE", "MESSAGE"], rows.collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_says_everything_and_obeys_nothing() {
        let one: TestExecution = serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "namespace": "ns" },
            "spec": { "workflowRef": { "name": "a" }, "config": { "x": 1 } },
            "status": {
                "phase": "Finished", "verdict": "failed", "reason": "TestsFailed", "message": "1 of 2 failed",
                "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:00:02Z", "duration": "2s",
                "job": { "name": "a-1-abc", "attempt": 1, "planHash": "h" },
                "steps": [{ "id": "py", "name": "pytest", "state": "failed", "attempts": 2, "exitCode": 1 }],
                "tests": { "summary": "1/2", "total": 2, "passed": 1, "failed": 1, "skipped": 0, "flaky": 0 },
                "failures": [{ "suite": "s", "name": "t\u{1b}]0;x\u{7}", "message": "no" }],
                "log": { "bytes": 2048, "complete": false, "tail": "a\u{1b}[2Jb\nlast\n" },
                "artifacts": { "count": 3, "bytes": 10, "items": [{ "path": "r\u{1b}[0K.xml", "size": 10 }] },
                "conditions": [{ "type": "Ready", "status": "False", "reason": "TestsFailed", "message": "m",
                    "lastTransitionTime": "2026-01-01T00:00:02Z" }],
            },
        }))
        .expect("an execution");
        let text = text(&one, "2026-01-01T00:00:10Z".parse().expect("a time"));
        for part in [
            "Name:       a-1",
            "Config:     x=1",
            "Reason:     TestsFailed",
            "Started:    2026-01-01T00:00:00Z (10s ago)",
            "Job:        a-1-abc (attempt 1)",
            "pytest",
            "s › t: no",
            "Log:        2.0 KiB, not complete",
            "  ab\n  last\n",
            "Artifacts:  3 files, 10 B",
            "  r.xml (10 B)",
            "and 2 more",
            "Ready",
            "8s",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        assert!(!text.contains("\x1b]") && !text.contains("\x1b[2J"));
    }
}
