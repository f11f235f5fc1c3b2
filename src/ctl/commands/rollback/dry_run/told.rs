//! The answer, for people.

use assay_api::{Answer, Finding, GateMode, Guard, Rollback, RollbackPhase, RollbackStatus, TestGate};
use jiff::Timestamp;

use crate::commands::rollback::{explain, guards};
use crate::output::clock::age;
use crate::output::revision::short;
use crate::output::terminal::plain;

/// Everything that the manager said.
pub(super) fn text(gate: &TestGate, record: &Rollback, now: Timestamp) -> String {
    let (spec, status) = (&record.spec, record.status.clone().unwrap_or_default());
    let good = spec.good.as_ref().map_or_else(|| "no good revision".to_owned(), |good| short(&good.revision));
    let mode = spec.dry_run.as_ref().map(|dry_run| dry_run.mode).unwrap_or_default();
    format!(
        "{} failed in {} {} ago, after {good}; asked with {}\n\nGuards:      {}\n{}{}\n{}: {}\n",
        short(&spec.bad.revision),
        plain(&spec.gate),
        age(spec.failed_at, now),
        policy(gate, mode),
        guards::outcome(&status.findings),
        guards::lines(&status.findings),
        explain::commit(&status),
        "Would be done",
        outcome(&status),
    )
}

/// The policy that was asked about, where it is not simply that of the gate.
fn policy(gate: &TestGate, mode: assay_api::RollbackMode) -> String {
    match &gate.spec.rollback {
        None => format!("mode {mode}, though the gate has no policy (spec.rollback), so that nothing is ever decided"),
        Some(_) if gate.spec.mode == GateMode::Advisory => {
            format!("mode {mode}, though the gate is advisory, so that nothing is ever decided")
        }
        Some(policy) if policy.mode != mode => format!("mode {mode}; the gate's own is {}", policy.mode),
        Some(_) => format!("mode {mode}, as the gate has it"),
    }
}

/// What would become of it now.
fn outcome(status: &RollbackStatus) -> String {
    let message = status.message.as_deref().map(plain).unwrap_or_default();
    match status.phase {
        RollbackPhase::Observed => message,
        _ if is_only_old(&status.findings) => {
            "nothing any more, since the failure is too old; nothing else speaks against it".to_owned()
        }
        RollbackPhase::Holding | RollbackPhase::AwaitingApproval => format!("nothing yet; it would wait: {message}"),
        _ => format!("nothing: {message}"),
    }
}

/// Whether only time has gone by since.
fn is_only_old(findings: &[Finding]) -> bool {
    let mut others = findings.iter().filter(|finding| finding.guard != Guard::FreshFailure);
    let old = findings.iter().any(|finding| finding.guard == Guard::FreshFailure && finding.answer == Answer::Refuse);
    old && others.all(|finding| matches!(finding.answer, Answer::Pass | Answer::PullRequest))
}

/// The gate's own record about the same failure, by its name.
pub(super) fn decided(gate: &TestGate, record: &Rollback) -> Option<String> {
    let status = gate.status.as_ref()?;
    let current = status.current.as_ref()?;
    let same = current.revision.revision == record.spec.bad.revision;
    status.rollback.as_ref().filter(|_| same).map(|summary| plain(&summary.name))
}

#[cfg(test)]
mod tests {
    use assay_api::{DryRun, RollbackMode};
    use serde_json::json;

    use super::super::super::explain::tests::rollback;
    use super::*;

    fn gate(mode: Option<&str>, gate_mode: &str) -> TestGate {
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "shop", "uid": "u" },
            "spec": {
                "delivery": { "kind": "Application", "name": "shop" }, "workflows": [{ "name": "w" }],
                "mode": gate_mode, "rollback": mode.map(|mode| json!({ "mode": mode })),
            },
            "status": {
                "current": { "revision": rollback().spec.bad.revision, "turn": 0, "verdict": "failed" },
                "rollback": { "name": "shop-6c1f0a2b3d", "phase": "Observed" },
            },
        }))
        .expect("a gate")
    }

    fn answered(phase: RollbackPhase, findings: &[(Guard, Answer)], message: &str) -> Rollback {
        let mut record = rollback();
        record.spec.dry_run = Some(DryRun { token: "t".into(), mode: RollbackMode::Push });
        let finding =
            |(guard, answer): &(Guard, Answer)| Finding { guard: *guard, answer: *answer, message: "m\x1b[2J".into() };
        record.status = Some(RollbackStatus {
            phase,
            message: Some(message.into()),
            findings: findings.iter().map(finding).collect(),
            commit: rollback().status.and_then(|status| status.commit),
            ..RollbackStatus::default()
        });
        record
    }

    #[test]
    fn it_says_who_answered_what_and_what_would_be_done() {
        let now = "2026-01-01T00:05:00Z".parse().expect("a time");
        let findings = [(Guard::DefinitiveFailure, Answer::Pass), (Guard::NoMerge, Answer::PullRequest)];
        let record = answered(RollbackPhase::Observed, &findings, "all guards agree\x1b]0;x\x07");
        let text = text(&gate(Some("Observe"), "Blocking"), &record, now);
        assert!(!text.contains("\x1b]") && !text.contains("\x1b[2J"), "{text:?}");
        insta::assert_snapshot!(anstream::adapter::strip_str(&text).to_string());
    }

    #[test]
    fn what_would_be_done_follows_from_the_answers() {
        use Answer::{Hold, Pass, Refuse};
        use RollbackPhase::{AwaitingApproval, Holding, Observed, Refused, Superseded};
        for (phase, findings, expected) in [
            (Observed, &[(Guard::FreshFailure, Pass)][..], "the message"),
            (Refused, &[(Guard::NoMerge, Refuse)], "nothing: the message"),
            (Superseded, &[], "nothing: the message"),
            (Holding, &[(Guard::CooledDown, Hold)], "nothing yet; it would wait: the message"),
            (AwaitingApproval, &[(Guard::Approved, Hold)], "nothing yet; it would wait: the message"),
            (Refused, &[(Guard::FreshFailure, Refuse), (Guard::NoMerge, Pass)], "nothing any more, since"),
            (Refused, &[(Guard::FreshFailure, Refuse), (Guard::NoMerge, Refuse)], "nothing: the message"),
            (Refused, &[(Guard::FreshFailure, Refuse), (Guard::CooledDown, Hold)], "nothing: the message"),
        ] {
            let status = answered(phase, findings, "the message").status.expect("one");
            assert!(outcome(&status).starts_with(expected), "{phase} {findings:?}: {}", outcome(&status));
        }
    }

    #[test]
    fn a_policy_that_is_not_the_gates_own_is_said() {
        for (own, mode, says) in [
            (Some("Push"), "Blocking", "mode Push, as the gate has it"),
            (Some("Observe"), "Blocking", "mode Push; the gate's own is Observe"),
            (Some("Push"), "Advisory", "the gate is advisory"),
            (None, "Blocking", "the gate has no policy"),
        ] {
            let said = policy(&gate(own, mode), RollbackMode::Push);
            assert!(said.contains(says), "{said}");
        }
        let record = answered(RollbackPhase::Observed, &[], "");
        let mut gate = gate(Some("Push"), "Blocking");
        assert_eq!(decided(&gate, &record).as_deref(), Some("shop-6c1f0a2b3d"));
        gate.status.as_mut().and_then(|status| status.current.as_mut()).expect("one").revision.revision =
            "other".into();
        assert_eq!(decided(&gate, &record), None);
    }
}
