//! `assay rollback dry-run`: what the guards would say of a gate's last failure, without making anything.

mod gathered;

use assay_api::{Answer, Finding, Guard, Judgement, Rollback, TestGate, Verdict};
use assay_gitops::judge;
use clap::Args as ClapArgs;
use clap_complete::engine::ArgValueCompleter;
use jiff::Timestamp;

use super::guards;
use crate::complete;
use crate::exit;
use crate::failure::Failure;
use crate::names;
use crate::output::clock::age;
use crate::output::revision::short;
use crate::output::screen::{Screen, paint};
use crate::place::Place;
use crate::program::called;
use crate::remote::session::Session;

/// Arguments of `rollback dry-run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, ClapArgs)]
pub(crate) struct DryRun {
    /// Name of the gate.
    #[arg(value_parser = names::gate, add = ArgValueCompleter::new(complete::gates))]
    gate: String,
}

/// Asks the guards about the last failure. Where the manager decided about it already, its answers are shown;
/// otherwise those that can be given without the repository.
///
/// # Errors
/// When the gate does not exist, or the cluster does not tell.
pub(super) async fn dry_run(place: &Place, task: &DryRun, screen: &mut Screen) -> Result<u8, Failure> {
    let session = Session::open(place).await?;
    let gate: TestGate = session.named(&task.gate).await?;
    let Some(failure) = failure(&gate) else {
        screen.line(&format!(
            "{} has failed for no revision that it remembers: nothing would be taken back",
            task.gate
        ))?;
        return Ok(exit::PASSED);
    };
    let known: Vec<Rollback> = session.cluster.list(Some(&session.namespace), None).await?;
    if let Some(record) = known.iter().find(|record| is_about(record, &gate, failure)) {
        screen.data(&decided(record))?;
        return Ok(exit::PASSED);
    }
    let evidence = gathered::evidence(&session, &gate, failure).await?;
    let at = failure.finished_at.unwrap_or_else(Timestamp::now);
    screen.data(&text(&gate, failure, &without_repository(judge(&evidence, at)), Timestamp::now()))?;
    let rest = "guards marked - need the repository, which only the manager reads; mode Observe records their answers";
    screen.note(&paint::dim(rest))?;
    Ok(exit::PASSED)
}

/// The newest judgement that says no.
fn failure(gate: &TestGate) -> Option<&Judgement> {
    let status = gate.status.as_ref()?;
    status.current.iter().chain(&status.verdicts).find(|judgement| judgement.verdict == Some(Verdict::Failed))
}

fn is_about(record: &Rollback, gate: &TestGate, failure: &Judgement) -> bool {
    let of_gate = gate.metadata.uid.as_deref() == Some(record.spec.gate_uid.as_str());
    let status = record.status.as_ref();
    let asked = status.is_some_and(|status| !status.findings.is_empty());
    of_gate && asked && record.spec.bad.revision == failure.revision.revision
}

fn decided(record: &Rollback) -> String {
    let status = record.status.clone().unwrap_or_default();
    let (program, name) = (called(), record.metadata.name.as_deref().unwrap_or_default());
    format!(
        "{} of {}: the manager decided about it already ({}; {program} rollback explain {name})\n{}: {}\n{}",
        short(&record.spec.bad.revision),
        record.spec.gate,
        status.phase,
        name,
        guards::outcome(&status.findings),
        guards::lines(&status.findings),
    )
}

/// What cannot be answered here is not taken for a no.
fn without_repository(mut findings: Vec<Finding>) -> Vec<Finding> {
    for finding in &mut findings {
        if finding.guard == Guard::RepositoryReadable {
            finding.answer = Answer::Skipped;
        }
        if finding.answer == Answer::Skipped {
            "needs the repository".clone_into(&mut finding.message);
        }
    }
    findings
}

fn text(gate: &TestGate, failure: &Judgement, findings: &[Finding], now: Timestamp) -> String {
    let name = gate.metadata.name.as_deref().unwrap_or_default();
    let when = failure.finished_at.map(|time| format!(" {} ago", age(time, now))).unwrap_or_default();
    let mode = gate.spec.rollback.as_ref().map_or_else(
        || "the gate has no policy (spec.rollback), so nothing would be decided; asked as in mode Observe".to_owned(),
        |policy| format!("policy {}", policy.mode),
    );
    format!(
        "{} failed in {name}{when}; {mode}\nAs of then, without the repository: {}\n{}",
        short(&failure.revision.revision),
        guards::outcome(findings),
        guards::lines(findings),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn gate(status: &serde_json::Value) -> TestGate {
        serde_json::from_value(json!({
            "apiVersion": "assay.dev/v1alpha1", "kind": "TestGate", "metadata": { "name": "shop", "uid": "u" },
            "spec": { "delivery": { "kind": "Application", "name": "shop" }, "workflows": [{ "name": "w" }] },
            "status": status,
        }))
        .expect("a gate")
    }

    #[test]
    fn the_newest_failure_is_meant() {
        let of = |revision: &str, verdict: &str| json!({ "revision": revision, "turn": 0, "verdict": verdict });
        let all = gate(&json!({ "current": of("c", "passed"), "verdicts": [of("b", "failed"), of("a", "failed")] }));
        assert_eq!(failure(&all).map(|found| found.revision.revision.as_str()), Some("b"));
        assert!(failure(&gate(&json!({ "current": of("c", "errored") }))).is_none());
    }

    #[test]
    fn a_record_of_the_same_failure_knows_more() {
        let mut record = super::super::explain::tests::rollback();
        let bad = record.spec.bad.revision.clone();
        let gate = gate(&json!({ "current": { "revision": bad, "turn": 0, "verdict": "failed" } }));
        let failure = failure(&gate).expect("a failure");
        assert!(is_about(&record, &gate, failure));
        assert!(decided(&record).contains("only as a pull request, by NoMerge"), "{}", decided(&record));
        record.status = None;
        assert!(!is_about(&record, &gate, failure));
    }
}
