//! The table of gates.

use assay_api::{DeliveryReference, RollbackPhase, TestGate, TestGateStatus};
use jiff::Timestamp;

use crate::commands::listing::{Columns, Listed, created, name};
use crate::output::clock::age;
use crate::output::revision::short;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;

impl Listed for TestGate {
    const NAME: &'static str = "testgate.assay.dev";

    fn rows(found: &[&Self], columns: Columns, now: Timestamp) -> String {
        let mut head = vec!["NAME", "DELIVERY", "REVISION", "VERDICT", "LAST GOOD", "ROLLBACK", "AGE"];
        if columns.everywhere {
            head.insert(0, "NAMESPACE");
        }
        if columns.wide {
            head.extend(["READY", "REASON", "MESSAGE"]);
        }
        table(&head, found.iter().map(|one| row(one, columns, now)).collect())
    }
}

fn row(gate: &TestGate, columns: Columns, now: Timestamp) -> Vec<Cell> {
    let status = gate.status.clone().unwrap_or_default();
    let mut row: Vec<Cell> = Vec::new();
    if columns.everywhere {
        row.push(gate.metadata.namespace.clone().unwrap_or_default().into());
    }
    row.push(name(gate).into());
    row.push(delivery(&gate.spec.delivery).into());
    row.push(status.current.as_ref().map_or_else(String::new, |current| short(&current.revision.revision)).into());
    row.push(verdict(&status));
    row.push(status.last_good.as_ref().map_or_else(String::new, |good| short(&good.revision.revision)).into());
    row.push(status.rollback.as_ref().map_or_else(|| "".into(), |rollback| phase(rollback.phase)));
    row.push(created(gate).map_or_else(|| "<unknown>".to_owned(), |from| age(from, now)).into());
    if columns.wide {
        let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready");
        row.push(ready.map_or("", |condition| &condition.status).into());
        row.push(status.reason.map_or("", |reason| reason.as_str()).into());
        row.push(plain(status.message.as_deref().unwrap_or_default()).into());
    }
    row
}

/// The verdict, or what the gate waits for as long as there is none.
fn verdict(status: &TestGateStatus) -> Cell {
    let verdict = status.current.as_ref().and_then(|current| current.verdict);
    match (verdict, status.reason) {
        (Some(verdict), _) => Cell::outcome(verdict.as_str()),
        (None, Some(reason)) => Cell::attention(reason.as_str()),
        (None, None) => "".into(),
    }
}

/// A delivery for people: `Application argocd/shop`.
pub(crate) fn delivery(reference: &DeliveryReference) -> String {
    let name = match &reference.namespace {
        Some(namespace) => format!("{namespace}/{}", reference.name),
        None => reference.name.clone(),
    };
    plain(&format!("{} {name}", reference.kind))
}

/// A phase of a rollback in its colour.
pub(crate) fn phase(phase: RollbackPhase) -> Cell {
    let word = phase.as_str();
    match phase {
        RollbackPhase::Recovered => Cell::good(word),
        RollbackPhase::Failed | RollbackPhase::Expired => Cell::bad(word),
        RollbackPhase::AwaitingApproval | RollbackPhase::PullRequestOpen | RollbackPhase::Holding => {
            Cell::attention(word)
        }
        _ => word.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gates() -> Vec<TestGate> {
        let failed = json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate",
            "metadata": { "name": "shop", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": { "delivery": { "kind": "Application", "name": "shop", "namespace": "argocd" },
                "workflows": [{ "name": "smoke" }] },
            "status": { "reason": "TestsFailed", "message": "4f2d9c1 failed twice\u{1b}[2J",
                "current": { "revision": "4f2d9c1b7a6e5d4c3b2a19080706050403020100", "turn": 0, "verdict": "failed" },
                "lastGood": { "revision": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" },
                "rollback": { "name": "shop-1", "phase": "Deploying" },
                "conditions": [{ "type": "Ready", "status": "False", "reason": "TestsFailed", "message": "m",
                    "lastTransitionTime": "2026-01-01T00:00:00Z" }] },
        });
        let testing = json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "podinfo", "namespace": "apps" },
            "spec": { "delivery": { "kind": "Kustomization", "name": "podinfo" }, "workflows": [{ "name": "smoke" }] },
            "status": { "reason": "Testing", "current": { "revision": "main@sha1:x", "turn": 0 } },
        });
        let new = json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "new" },
            "spec": { "delivery": { "kind": "HelmRelease", "name": "new" }, "workflows": [{ "name": "smoke" }] },
        });
        [failed, testing, new].map(|value| serde_json::from_value(value).expect("a gate")).into()
    }

    #[test]
    fn the_table_says_what_is_delivered_and_what_tests_say_of_it() {
        let now: Timestamp = "2026-01-01T00:01:00Z".parse().expect("a time");
        let found = gates();
        let all: Vec<&TestGate> = found.iter().collect();
        let bare = |columns| anstream::adapter::strip_str(&TestGate::rows(&all, columns, now)).to_string();
        insta::assert_snapshot!("narrow", bare(Columns::default()));
        insta::assert_snapshot!("wide", bare(Columns { everywhere: true, wide: true }));
    }
}
