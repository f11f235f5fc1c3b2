//! Whether the revision is bad at all: the verdict, its confirmation, its age.

use std::time::Duration;

use assay_api::{Finding, GateExecution, GateRole, Guard, Judgement, Reason, RevisionStatus, Verdict};
use jiff::{SignedDuration, Timestamp};

use super::answer::{after, at, count, duration, hold, length, pass, refuse, skipped};
use crate::evidence::{Evidence, GateFacts};
use crate::text::{plain, short};

/// A failure older than this is only reported, unless the policy says otherwise.
const MAX_AGE: Duration = Duration::from_secs(20 * 60);
/// People are asked for their approval, and they sleep.
const MAX_AGE_WITH_APPROVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// Two clocks of a cluster may differ by this much.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// A gate keeps so many executions of a judgement; more than these are not known.
const EXECUTIONS_KEPT: usize = 32;

/// The verdict is `failed`, in the record and still in the gate.
pub(super) fn definitive_failure(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::DefinitiveFailure;
    let spec = &evidence.spec;
    if spec.verdict != Verdict::Failed {
        return refuse(
            guard,
            format!(
                "the verdict is {} ({}); only `failed` says something about the revision",
                spec.verdict, spec.verdict_reason
            ),
        );
    }
    let gate = match gate(evidence) {
        Ok(gate) => gate,
        Err(why) => return refuse(guard, why),
    };
    let Some(judgement) = judgement(gate, &spec.bad) else {
        return refuse(
            guard,
            format!(
                "the gate {} has no judgement of {} any more; annotate it with `assay.dev/rerun` to judge anew",
                spec.gate,
                short(&spec.bad.revision)
            ),
        );
    };
    if judgement.turn < spec.turn {
        return refuse(
            guard,
            format!("the gate's newest judgement is turn {}, the record is about turn {}", judgement.turn, spec.turn),
        );
    }
    match judgement.verdict {
        Some(Verdict::Failed) => {
            let failed_at = judgement.finished_at.unwrap_or(spec.failed_at);
            pass(
                guard,
                format!("the gate {} judged {} as failed at {}", spec.gate, short(&spec.bad.revision), at(failed_at)),
            )
        }
        Some(verdict) => refuse(
            guard,
            format!("the gate {} judged {} anew and says {verdict}", spec.gate, short(&spec.bad.revision)),
        ),
        None => hold(
            guard,
            format!("the gate {} is judging {} anew; its verdict is awaited", spec.gate, short(&spec.bad.revision)),
        ),
    }
}

/// As many runs of one workflow failed as the gate asks for, and the control run did not.
pub(super) fn confirmed_failure(evidence: &Evidence, _now: Timestamp) -> Finding {
    let guard = Guard::ConfirmedFailure;
    let judgement = gate(evidence).ok().and_then(|gate| Some((gate, judgement(gate, &evidence.spec.bad)?)));
    let Some((gate, judgement)) = judgement else {
        return skipped(guard, "the gate has no judgement of the revision");
    };
    let required = usize::try_from(gate.failures_required).unwrap_or(0).max(1);
    let most = judgement
        .executions
        .iter()
        .map(|execution| (failures(judgement, &execution.workflow), execution.workflow.as_str()))
        .max_by_key(|(failures, _)| *failures);
    let Some((failed, workflow)) = most.filter(|(failed, _)| *failed >= required) else {
        let failed = most.map_or(0, |(failed, _)| failed);
        let cut =
            if judgement.executions.len() >= EXECUTIONS_KEPT { ", as far as the gate still knows them" } else { "" };
        return refuse(
            guard,
            format!(
                "`spec.confirmation.failures` of the gate asks for {}, and no workflow had more than {failed}{cut}",
                count(required, "failed run")
            ),
        );
    };
    let confirmed = format!("{} of {} failed", count(failed, "run"), plain(workflow, 100));
    if !gate.control {
        return pass(
            guard,
            format!(
                "{confirmed}, {} asked for",
                if required == 1 { "1 was".to_owned() } else { format!("{required} were") }
            ),
        );
    }
    match judgement.executions.iter().rev().find(|execution| execution.role == GateRole::Control) {
        // A control run that was skipped says nothing about the environment.
        Some(GateExecution { verdict: Some(Verdict::Passed | Verdict::Flaky), name, .. }) => {
            pass(guard, format!("{confirmed}, and the control run {} with the good revision passed", plain(name, 100)))
        }
        Some(execution) => {
            let verdict = execution.verdict.map_or("unknown", Verdict::as_str);
            refuse(
                guard,
                format!(
                    "{confirmed}, but the verdict of the control run {} is {verdict}: it may be the environment that is broken",
                    plain(&execution.name, 100)
                ),
            )
        }
        None => refuse(
            guard,
            format!("{confirmed}, but the control run that `spec.confirmation.control` asks for is not known"),
        ),
    }
}

/// The failure is not older than the policy allows.
pub(super) fn fresh_failure(evidence: &Evidence, now: Timestamp) -> Finding {
    let guard = Guard::FreshFailure;
    let end = match fresh_until(evidence) {
        Ok(end) => end,
        Err(finding) => return finding,
    };
    let failed_at = evidence.spec.failed_at;
    let age = now.duration_since(failed_at);
    if age < -SKEW {
        return refuse(
            guard,
            format!("the failure is from {}, which is in the future; the clocks of the cluster differ", at(failed_at)),
        );
    }
    if now > end {
        return refuse(
            guard,
            format!(
                "the failure is {} old; after {} (`spec.rollback.maxFailureAge` of the gate) it is only reported",
                length(age),
                length(end.duration_since(failed_at))
            ),
        );
    }
    pass(guard, format!("the failure is {} old, and counts for {}", length(age), length(end.duration_since(failed_at))))
}

/// Until when the failure counts.
pub(crate) fn fresh_until(evidence: &Evidence) -> Result<Timestamp, Finding> {
    let text = evidence.spec.policy.max_failure_age.as_ref();
    let default = if evidence.spec.policy.approval { MAX_AGE_WITH_APPROVAL } else { MAX_AGE };
    let limit = duration(Guard::FreshFailure, "`spec.rollback.maxFailureAge` of the gate", text, default)?;
    Ok(after(evidence.spec.failed_at, limit))
}

/// The gate that failed, not another one of its name.
pub(super) fn gate(evidence: &Evidence) -> Result<&GateFacts, String> {
    let spec = &evidence.spec;
    let gate = evidence.gate.as_ref().ok_or_else(|| {
        format!("the gate {} does not exist any more, so nobody stands for its verdict", plain(&spec.gate, 253))
    })?;
    if gate.uid.is_empty() || gate.uid != spec.gate_uid {
        return Err(format!(
            "the gate {} was deleted and made again after this failure; it will judge for itself",
            plain(&spec.gate, 253)
        ));
    }
    Ok(gate)
}

/// The gate's newest judgement of this content. Its revision may have moved on with equal content.
fn judgement<'a>(gate: &'a GateFacts, bad: &RevisionStatus) -> Option<&'a Judgement> {
    let concerns = |judgement: &&Judgement| {
        let known = &judgement.revision;
        known.revision == bad.revision || (known.tree.is_some() && known.tree == bad.tree)
    };
    let all = gate.current.iter().chain(&gate.verdicts).filter(concerns);
    // The first of equal turns is the newest.
    all.rev().max_by_key(|judgement| judgement.turn)
}

fn failures(judgement: &Judgement, workflow: &str) -> usize {
    let counts = |execution: &&GateExecution| {
        execution.workflow == workflow
            && execution.role != GateRole::Control
            && execution.verdict == Some(Verdict::Failed)
            // What hangs says more of what it waits for than of the revision.
            && execution.reason != Some(Reason::StepTimedOut)
    };
    judgement.executions.iter().filter(counts).count()
}
