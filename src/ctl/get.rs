//! `assay get`: executions as kubectl shows them.

use assay_api::TestExecution;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::args::GetOutput;
use crate::clock::age;
use crate::exit;
use crate::failure::Failure;
use crate::meant::{GetWhat, Place};
use crate::screen::Screen;
use crate::session::Session;
use crate::table::{Cell, table};
use crate::terminal::plain;
use crate::yaml;

/// Shows executions.
///
/// # Errors
/// When the one that is named does not exist, or the cluster does not tell.
pub(crate) async fn get(
    place: &Place,
    what: &GetWhat,
    output: Option<GetOutput>,
    screen: &mut Screen,
) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let mut found = match what {
        GetWhat::One(name) => vec![session.execution(name).await?],
        GetWhat::Namespace => session.cluster.list(Some(&session.namespace), None).await?,
        GetWhat::Everywhere => session.cluster.list(None, None).await?,
    };
    found.sort_by_key(|execution| std::cmp::Reverse(created(execution)));
    if found.is_empty() && !matches!(output, Some(GetOutput::Json | GetOutput::Yaml)) {
        let place = if *what == GetWhat::Everywhere {
            "the cluster".to_owned()
        } else {
            format!("namespace {}", session.namespace)
        };
        screen.note(&format!("No executions in {place}."))?;
        return Ok(exit::PASSED);
    }
    let text = match output {
        None | Some(GetOutput::Wide) => {
            let everywhere = *what == GetWhat::Everywhere;
            rows(&found, everywhere, output == Some(GetOutput::Wide), Timestamp::now())
        }
        Some(GetOutput::Name) => found.iter().map(|one| format!("testexecution.assay.dev/{}\n", name(one))).collect(),
        Some(GetOutput::Json) => format!("{:#}\n", objects(found, what)?),
        Some(GetOutput::Yaml) => yaml::document(&objects(found, what)?),
    };
    screen.data(&text)?;
    Ok(exit::PASSED)
}

fn objects(found: Vec<TestExecution>, what: &GetWhat) -> Result<Value, Failure> {
    let mut items = Vec::new();
    for mut execution in found {
        execution.metadata.managed_fields = None;
        let item = serde_json::to_value(execution);
        items.push(item.map_err(|error| Failure::errored(format!("an object does not serialise: {error}")))?);
    }
    Ok(match (what, items.pop()) {
        (GetWhat::One(_), Some(item)) => item,
        (_, last) => {
            items.extend(last);
            json!({ "apiVersion": "v1", "kind": "List", "metadata": {}, "items": items })
        }
    })
}

fn rows(found: &[TestExecution], everywhere: bool, wide: bool, now: Timestamp) -> String {
    let mut head = vec!["NAME", "WORKFLOW", "PHASE", "VERDICT", "TESTS", "DURATION", "AGE"];
    if everywhere {
        head.insert(0, "NAMESPACE");
    }
    if wide {
        head.extend(["REASON", "REVISION"]);
    }
    let row = |execution: &TestExecution| {
        let status = execution.status.clone().unwrap_or_default();
        let mut row: Vec<Cell> = Vec::new();
        if everywhere {
            row.push(execution.metadata.namespace.clone().unwrap_or_default().into());
        }
        row.push(name(execution).into());
        row.push(execution.spec.workflow_ref.name.clone().into());
        row.push(status.phase.as_str().into());
        row.push(status.verdict.map_or_else(|| "".into(), |verdict| Cell::outcome(verdict.as_str())));
        row.push(plain(status.tests.map(|tests| tests.summary).unwrap_or_default().as_str()).into());
        row.push(plain(status.duration.unwrap_or_default().as_str()).into());
        row.push(created(execution).map_or_else(|| "<unknown>".to_owned(), |from| age(from, now)).into());
        if wide {
            row.push(status.reason.map_or("", |reason| reason.as_str()).into());
            row.push(plain(execution.spec.revision.as_deref().unwrap_or_default()).into());
        }
        row
    };
    table(&head, found.iter().map(row).collect())
}

fn name(execution: &TestExecution) -> String {
    execution.metadata.name.clone().unwrap_or_default()
}

fn created(execution: &TestExecution) -> Option<Timestamp> {
    execution.metadata.creation_timestamp.as_ref().map(|time| time.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_that_of_kubectl() {
        let one: TestExecution = serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestExecution",
            "metadata": { "name": "a-1", "namespace": "ns", "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": { "workflowRef": { "name": "a" }, "revision": "abc" },
            "status": { "phase": "Finished", "verdict": "skipped", "reason": "Skipped", "duration": "2s",
                "tests": { "summary": "1/1", "total": 1, "passed": 1, "failed": 0, "skipped": 0, "flaky": 0 } },
        }))
        .expect("an execution");
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        let text = rows(std::slice::from_ref(&one), false, false, now).replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(
            text,
            "NAME   WORKFLOW   PHASE      VERDICT   TESTS   DURATION   AGE\n\
             a-1    a          Finished   skipped   1/1     2s         60s\n"
        );
        let wide = rows(&[one], true, true, now);
        assert!(wide.starts_with("NAMESPACE   NAME") && wide.contains("REVISION") && wide.contains("abc"));
    }
}
