//! The table of executions.

use assay_api::{Phase, TestExecution};
use jiff::Timestamp;

use crate::commands::listing::{Columns, Listed, created, name};
use crate::output::clock::age;
use crate::output::summary;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;

impl Listed for TestExecution {
    const NAME: &'static str = "testexecution.assay.dev";

    fn rows(found: &[&Self], columns: Columns, now: Timestamp) -> String {
        let mut head = vec!["NAME", "WORKFLOW", "PHASE", "VERDICT", "TESTS", "DURATION", "AGE"];
        if columns.everywhere {
            head.insert(0, "NAMESPACE");
        }
        if columns.wide {
            head.extend(["REASON", "REVISION", "STEP", "HOOK"]);
        }
        table(&head, found.iter().map(|one| row(one, columns, now)).collect())
    }
}

fn row(execution: &TestExecution, columns: Columns, now: Timestamp) -> Vec<Cell> {
    let status = execution.status.clone().unwrap_or_default();
    let mut row: Vec<Cell> = Vec::new();
    if columns.everywhere {
        row.push(execution.metadata.namespace.clone().unwrap_or_default().into());
    }
    row.push(name(execution).into());
    row.push(execution.spec.workflow_ref.name.clone().into());
    row.push(match status.phase {
        Phase::Paused => Cell::attention(status.phase.as_str()),
        phase => phase.as_str().into(),
    });
    row.push(status.verdict.map_or_else(|| "".into(), |verdict| Cell::outcome(verdict.as_str())));
    row.push(plain(status.tests.as_ref().map_or("", |tests| &tests.summary)).into());
    row.push(plain(status.duration.as_deref().unwrap_or_default()).into());
    row.push(created(execution).map_or_else(|| "<unknown>".to_owned(), |from| age(from, now)).into());
    if columns.wide {
        row.push(status.reason.map_or("", |reason| reason.as_str()).into());
        let delivered = status.delivery.as_ref().and_then(|delivery| delivery.revision.as_deref());
        row.push(plain(execution.spec.revision.as_deref().or(delivered).unwrap_or_default()).into());
        let current = status.steps.iter().rev().find(|step| !step.state.is_final() && step.attempts > 0);
        let held = status.steps.iter().find(|step| step.state == assay_api::StepState::Paused);
        row.push(plain(held.or(current).map_or("", |step| &step.name)).into());
        row.push(status.delivery.as_ref().map_or_else(String::new, summary::hook).into());
    }
    row
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn executions() -> Vec<TestExecution> {
        let one = json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "namespace": "ns", "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": { "workflowRef": { "name": "a" }, "revision": "abc" },
            "status": { "phase": "Finished", "verdict": "skipped", "reason": "Skipped", "duration": "2s",
                "tests": { "summary": "1/1", "total": 1, "passed": 1, "failed": 0, "skipped": 0, "flaky": 0 } },
        });
        let held = json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "longer-name-2", "namespace": "ns" },
            "spec": { "workflowRef": { "name": "b" } },
            "status": { "phase": "Paused", "reason": "Paused", "delivery": { "kind": "Application", "namespace": "argocd",
                "name": "shop", "revision": "4f2d9c1", "hook": "PostSync", "attempt": 2 }, "steps": [
                { "id": "x", "name": "x\u{1b}[2J", "state": "passed", "attempts": 1 },
                { "id": "y", "name": "Deploy", "state": "paused" },
            ] },
        });
        [one, held].map(|value| serde_json::from_value(value).expect("an execution")).into()
    }

    #[test]
    fn the_table_is_that_of_kubectl() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        let found = executions();
        let all: Vec<&TestExecution> = found.iter().collect();
        let bare = |columns| anstream::adapter::strip_str(&TestExecution::rows(&all, columns, now)).to_string();
        insta::assert_snapshot!("narrow", bare(Columns::default()));
        insta::assert_snapshot!("wide", bare(Columns { everywhere: true, wide: true }));
    }
}
