//! The record of a rollback: made when a failure is confirmed and a policy asks what may be done about it.

use assay_api::{GateMode, Judgement, Reason, RollbackPhase, RollbackSpec, RollbackSummary, Verdict};

use super::decision::GateAction;
use super::names;
use super::observed::GateObserved;
use super::page::{Page, same};
use crate::key::rollback_key;

/// Notes the record in the page, and asks for it where it does not exist yet. Nothing but a confirmed failure
/// of a blocking gate ever makes one.
pub(super) fn record(page: &mut Page, observed: &GateObserved) -> Option<GateAction> {
    if let (Some(summary), Some(seen)) = (&mut page.rollback, &observed.rollback)
        && names_same(observed, summary)
    {
        summary.phase = seen.phase;
    }
    let current = page.current.as_ref().filter(|current| current.verdict == Some(Verdict::Failed))?;
    let policy = observed.gate.spec.rollback.as_ref()?;
    if observed.gate.spec.mode == GateMode::Advisory || is_about(observed, current) {
        return None;
    }
    let spec = spec(page, current, observed, policy.clone())?;
    let name = names::rollback(&observed.gate.name, &spec.key, spec.turn);
    let phase = page.rollback.take().filter(|known| known.name == name).map(|known| known.phase);
    page.rollback = Some(RollbackSummary { name: name.clone(), phase: phase.unwrap_or(RollbackPhase::Evaluating) });
    Some(GateAction::MakeRollback { name, spec: Box::new(spec) })
}

/// What was seen is the record that the last status names.
fn names_same(observed: &GateObserved, summary: &RollbackSummary) -> bool {
    observed.previous.rollback.as_ref().is_some_and(|known| known.name == summary.name)
}

/// Whether the record that exists is about this judgement: of the same failure, or of the same revision as long as
/// something came of it, or may yet. Where nothing did, who has the revision judged anew asks anew. Somebody who takes a
/// revert back brings the bad content as a new revision, and that is a new failure.
pub(super) fn is_about(observed: &GateObserved, current: &Judgement) -> bool {
    observed.rollback.as_ref().is_some_and(|seen| {
        let same_failure = current.finished_at == Some(seen.failed_at);
        let nothing_came =
            matches!(seen.phase, RollbackPhase::Refused | RollbackPhase::Expired | RollbackPhase::Observed);
        let same_revision = seen.bad.revision == current.revision.revision;
        (same_revision && !nothing_came) || (same_failure && same(&seen.bad, &current.revision))
    })
}

fn spec(
    page: &Page,
    current: &Judgement,
    observed: &GateObserved,
    policy: assay_api::RollbackPolicy,
) -> Option<RollbackSpec> {
    let gate = &observed.gate;
    let delivery = page.delivery.clone()?;
    let good = page.last_good.as_ref();
    let key = rollback_key(&delivery, page.source.as_ref(), &current.revision, good.map(|good| &good.revision));
    let failed = current.executions.iter().filter(|run| run.verdict == Some(Verdict::Failed));
    Some(RollbackSpec {
        gate: gate.name.clone(),
        gate_uid: gate.uid.clone(),
        delivery,
        source: page.source.clone(),
        bad: current.revision.clone(),
        turn: current.turn,
        good: good.map(|good| good.revision.clone()),
        good_source: good.and_then(|good| good.source.clone()),
        verdict: Verdict::Failed,
        verdict_reason: current.reason.unwrap_or(Reason::TestsFailed),
        failed_at: current.finished_at?,
        executions: failed.map(|run| run.name.clone()).collect(),
        failures: Vec::new(),
        policy,
        dry_run: None,
        key,
    })
}
