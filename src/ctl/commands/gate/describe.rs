//! `assay gate describe`: what a gate judges, how far it is, and what it said before.

use assay_api::{Judgement, TestGate, TestGateStatus};
use jiff::Timestamp;

use crate::commands::gates::delivery;
use crate::exit;
use crate::failure::Failure;
use crate::output::clock::age;
use crate::output::conditions::conditions;
use crate::output::revision::short;
use crate::output::screen::{Screen, paint};
use crate::output::summary;
use crate::output::table::{Cell, table};
use crate::output::terminal::plain;
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Shows a gate.
///
/// # Errors
/// When it does not exist, or the cluster does not tell.
pub(super) async fn describe(place: &Place, name: &str, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let gate: TestGate = session.named(name).await?;
    screen.data(&text(&gate, Timestamp::now()))?;
    let (program, namespace) = (called(), &session.namespace);
    if let Some(rollback) = gate.status.as_ref().and_then(|status| status.rollback.as_ref()) {
        let name = plain(&rollback.name);
        screen.note(&paint::dim(&format!("its rollback: {program} -n {namespace} rollback explain {name}")))?;
    }
    screen.note(&paint::dim(&format!("its delivery: {program} -n {namespace} doctor --gate {name}")))?;
    Ok(exit::PASSED)
}

fn text(gate: &TestGate, now: Timestamp) -> String {
    let status = gate.status.clone().unwrap_or_default();
    let mut out = head(gate, &status);
    if let Some(current) = &status.current {
        out.push_str(&judgement(current, now));
    }
    if !status.verdicts.is_empty() {
        let rows = status.verdicts.iter().map(|judgement| earlier(judgement, now)).collect();
        out.push_str(&format!(
            "\nEarlier verdicts:\n{}",
            table(&["  REVISION", "VERDICT", "REASON", "AGE", "MESSAGE"], rows)
        ));
    }
    out.push_str(&conditions(&status.conditions, now));
    out
}

fn head(gate: &TestGate, status: &TestGateStatus) -> String {
    let spec = &gate.spec;
    let workflows: Vec<&str> = spec.workflows.iter().map(|workflow| workflow.name.as_str()).collect();
    let mut fields: Vec<(&str, String)> = vec![
        ("Name", gate.metadata.name.clone().unwrap_or_default()),
        ("Namespace", gate.metadata.namespace.clone().unwrap_or_default()),
        ("Delivery", delivery(&spec.delivery)),
    ];
    let mut field = |name, value: Option<String>| fields.extend(value.map(|value| (name, value)));
    field(
        "Source",
        status.source.as_ref().map(|source| {
            let path = if source.path.is_empty() { "." } else { &source.path };
            plain(&format!("{path} on {} of {}", source.branch, source.repository))
        }),
    );
    field("Workflows", Some(plain(&workflows.join(", "))));
    field("Mode", Some(format!("{:?}", spec.mode)));
    let confirmation = &spec.confirmation;
    let asked = format!("{} of up to {} runs must fail", confirmation.failures, confirmation.reruns + 1);
    let control = confirmation.control.as_ref().map(|control| format!("; control run of {}", plain(&control.name)));
    field("Confirmation", Some(asked + &control.unwrap_or_default()));
    let policy = spec.rollback.as_ref().map(|policy| {
        let approval = if policy.approval { ", with approval" } else { "" };
        format!("{}{approval}", policy.mode)
    });
    field("Rollback", Some(policy.unwrap_or_else(|| "none".to_owned())));
    field("State", status.reason.map(|reason| format!("{reason}: {}", reason.meaning().trim())));
    field("Message", status.message.as_deref().map(plain));
    let good = status.last_good.as_ref();
    field("Last good", good.map(|good| plain(&good.revision.revision)));
    let rollback = status.rollback.as_ref();
    field("Last rollback", rollback.map(|rollback| format!("{} ({})", plain(&rollback.name), rollback.phase)));
    fields.iter().map(|(name, value)| format!("{:<15}{value}\n", format!("{name}:"))).collect()
}

fn judgement(current: &Judgement, now: Timestamp) -> String {
    let ago = |time: Timestamp| format!("{time:.0} ({} ago)", age(time, now));
    let mut out = format!("\nJudged now:    {}\n", plain(&current.revision.revision));
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&format!("  {:<13}{value}\n", format!("{name}:")));
        }
    };
    field("Verdict", current.verdict.map(summary::verdict));
    field("Reason", current.reason.map(|reason| reason.to_string()));
    field("Message", current.message.as_deref().map(plain));
    field("Turn", (current.turn > 0).then(|| format!("{}, on request", current.turn + 1)));
    field("Seen", current.seen_at.map(ago));
    field("Started", current.started_at.map(ago));
    field("Finished", current.finished_at.map(ago));
    let rows: Vec<Vec<Cell>> = current
        .executions
        .iter()
        .map(|one| {
            vec![
                format!("  {}", plain(&one.name)).into(),
                plain(&one.workflow).into(),
                one.run.to_string().into(),
                format!("{:?}", one.role).into(),
                one.verdict.map_or_else(|| "".into(), |verdict| Cell::outcome(verdict.as_str())),
                plain(one.message.as_deref().unwrap_or_default()).into(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.push_str(&table(&["  EXECUTION", "WORKFLOW", "RUN", "FOR", "VERDICT", "MESSAGE"], rows));
    }
    out
}

fn earlier(judgement: &Judgement, now: Timestamp) -> Vec<Cell> {
    vec![
        format!("  {}", short(&judgement.revision.revision)).into(),
        judgement.verdict.map_or_else(|| "".into(), |verdict| Cell::outcome(verdict.as_str())),
        judgement.reason.map_or("", |reason| reason.as_str()).into(),
        judgement.finished_at.map(|time| age(time, now)).unwrap_or_default().into(),
        plain(judgement.message.as_deref().unwrap_or_default()).into(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_is_said_and_nothing_obeyed() {
        let gate: TestGate = serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "shop", "namespace": "shop" },
            "spec": {
                "delivery": { "kind": "Application", "name": "shop", "namespace": "argocd" },
                "workflows": [{ "name": "smoke" }, { "name": "api" }],
                "confirmation": { "reruns": 2, "failures": 2, "control": { "name": "ping" } },
                "rollback": { "mode": "Push", "approval": true },
            },
            "status": {
                "observedGeneration": 1, "reason": "TestsFailed", "message": "4f2d9c1 failed\u{1b}[2J twice",
                "source": { "repository": "https://git.example.com/shop.git", "branch": "main", "path": "apps/shop" },
                "current": { "revision": "4f2d9c1b7a6e5d4c3b2a19080706050403020100", "turn": 1, "verdict": "failed",
                    "reason": "TestsFailed", "message": "smoke failed twice", "seenAt": "2026-01-01T00:00:00Z",
                    "startedAt": "2026-01-01T00:00:05Z", "finishedAt": "2026-01-01T00:00:30Z",
                    "executions": [
                        { "name": "shop-4f2d9c1-a", "workflow": "smoke", "run": 1, "role": "Judge", "verdict": "failed",
                          "message": "1 of 2 tests failed\u{1b}]0;x\u{7}" },
                        { "name": "shop-4f2d9c1-b", "workflow": "smoke", "run": 2, "role": "Confirm" },
                    ] },
                "verdicts": [{ "revision": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567", "turn": 0, "verdict": "passed",
                    "reason": "Passed", "finishedAt": "2025-12-31T23:00:00Z" }],
                "lastGood": { "revision": "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567" },
                "rollback": { "name": "shop-6c1f0a2b3d", "phase": "AwaitingApproval" },
                "conditions": [{ "type": "Ready", "status": "False", "reason": "TestsFailed", "message": "m",
                    "lastTransitionTime": "2026-01-01T00:00:30Z" }],
            },
        }))
        .expect("a gate");
        let text = text(&gate, "2026-01-01T00:01:00Z".parse().expect("a time"));
        assert!(!text.contains("\x1b]") && !text.contains("\x1b[2J"), "{text:?}");
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }
}
