//! What the guards are asked about, as far as the user may read it. The repository is not read.

use std::collections::{BTreeMap, BTreeSet};

use assay_api::names::{ANNOTATION_FREEZE, ANNOTATION_PAUSE_ROLLBACK};
use assay_api::{
    DeliveryReference, GateMode, GitSource, GitWriteAccess, Judgement, READY, Reason, Rollback, RollbackPhase,
    RollbackSpec, RollbackStatus, TestGate, Verdict,
};
use assay_gitops::{
    Delivery, Evidence, GateFacts, GitTrouble, Grant, Judged, Neighbour, OtherRollback, Source, allowed, rollback_key,
    same_repository, willing,
};
use jiff::Timestamp;

use crate::commands::listing::{created, name};
use crate::failure::Failure;
use crate::remote::deliveries::Deliveries;
use crate::remote::session::Session;

/// Gathers it.
///
/// # Errors
/// When the cluster does not tell.
pub(super) async fn evidence(session: &Session, gate: &TestGate, failure: &Judgement) -> Result<Evidence, Failure> {
    let namespace = session.namespace.clone();
    let likely = gate.spec.delivery.namespace.iter().cloned().chain([namespace.clone()]).collect::<BTreeSet<_>>();
    let deliveries = Deliveries::read(session, likely.into_iter().collect()).await?;
    let delivery = deliveries.get(&gate.spec.delivery, &namespace).map(|app| app.delivery);
    let spec = spec(gate, failure, &namespace, delivery.as_ref());
    let grants = session.cluster.list_cluster_wide::<GitWriteAccess>().await;
    let grant = match (&grants, &spec.source, &delivery) {
        (Err(error), _, _) => Err(assay_telemetry::error_chain(error)),
        (Ok(grants), Some(source), Some(delivery)) => grant(grants, &namespace, source, &delivery.paths),
        _ => Err("the delivery comes from no branch".to_owned()),
    };
    let others: Vec<Rollback> = session.cluster.list(None, None).await?;
    let gates: Vec<TestGate> = session.cluster.list(None, None).await?;
    let others_of = |one: &TestGate| one.metadata.uid != gate.metadata.uid;
    Ok(Evidence {
        record: (namespace.clone(), name(gate)),
        created_at: spec.failed_at,
        status: RollbackStatus::default(),
        gate: Some(facts(gate)),
        git: Err(GitTrouble::Unavailable("it is not read by the command line".to_owned())),
        grant,
        paused: paused(session, gate).await,
        approved: false,
        others: others.into_iter().map(other).collect(),
        gates: failing(gates.iter().filter(|one| others_of(one))),
        neighbours: neighbours(gates.iter().filter(|one| others_of(one)), spec.source.as_ref()),
        delivery,
        spec,
    })
}

fn spec(gate: &TestGate, failure: &Judgement, namespace: &str, delivery: Option<&Delivery>) -> RollbackSpec {
    let status = gate.status.clone().unwrap_or_default();
    let reference = status.delivery.unwrap_or_else(|| {
        let place = gate.spec.delivery.namespace.clone().or_else(|| Some(namespace.to_owned()));
        DeliveryReference { namespace: place, ..gate.spec.delivery.clone() }
    });
    let source = status.source.or_else(|| delivery.and_then(branch));
    let good = status.last_good;
    let key = rollback_key(&reference, source.as_ref(), &failure.revision, good.as_ref().map(|good| &good.revision));
    let failed = failure.executions.iter().filter(|run| run.verdict == Some(Verdict::Failed));
    RollbackSpec {
        gate: name(gate),
        gate_uid: gate.metadata.uid.clone().unwrap_or_default(),
        delivery: reference,
        source,
        bad: failure.revision.clone(),
        turn: failure.turn,
        good: good.as_ref().map(|good| good.revision.clone()),
        good_source: good.and_then(|good| good.source),
        verdict: Verdict::Failed,
        verdict_reason: failure.reason.unwrap_or(Reason::TestsFailed),
        failed_at: failure.finished_at.unwrap_or_else(Timestamp::now),
        executions: failed.map(|run| run.name.clone()).collect(),
        failures: Vec::new(),
        policy: gate.spec.rollback.clone().unwrap_or_default(),
        key,
    }
}

fn branch(delivery: &Delivery) -> Option<GitSource> {
    let Judged::Source(at) = delivery.judged else { return None };
    match delivery.sources.get(at)? {
        Source::Branch(source) => Some(source.clone()),
        _ => None,
    }
}

fn facts(gate: &TestGate) -> GateFacts {
    let status = gate.status.clone().unwrap_or_default();
    GateFacts {
        uid: gate.metadata.uid.clone().unwrap_or_default(),
        current: status.current,
        verdicts: status.verdicts,
        last_good: status.last_good,
        failures_required: gate.spec.confirmation.failures,
        control: gate.spec.confirmation.control.is_some(),
    }
}

/// Of the grants that cover it, the one that leaves out the fewest paths.
fn grant(grants: &[GitWriteAccess], namespace: &str, source: &GitSource, paths: &[String]) -> Result<Grant, String> {
    let mut refusals = Vec::new();
    let mut fitting = Vec::new();
    for grant in grants {
        match allowed(&grant.spec, namespace, source, paths) {
            Ok(missing) => fitting.push((missing, grant)),
            Err(why) => refusals.push(format!("{}: {why}", grant.metadata.name.as_deref().unwrap_or_default())),
        }
    }
    let Some((paths_not_allowed, found)) = fitting.into_iter().min_by_key(|(missing, _)| missing.len()) else {
        let none = || "there is none; the cluster's administrator makes them".to_owned();
        return Err(refusals.into_iter().next().unwrap_or_else(none));
    };
    let status = found.status.clone().unwrap_or_default();
    let ready = status.conditions.iter().find(|condition| condition.type_ == READY);
    Ok(Grant {
        name: found.metadata.name.clone().unwrap_or_default(),
        mode: found.spec.mode,
        paths_not_allowed,
        trouble: ready.filter(|ready| ready.status == "False").map(|ready| ready.message.clone()),
        protected: status.protected_branches.contains(&source.branch),
        forge: found.spec.forge.is_some(),
        frozen: found.spec.freeze,
        budget: found.spec.budget.clone(),
    })
}

/// Who paused it, besides the delivery, which is asked by the guard itself. A namespace that may not be read is taken for one that says nothing.
async fn paused(session: &Session, gate: &TestGate) -> Vec<String> {
    let set = |all: &BTreeMap<String, String>, name: &str| all.get(name).is_some_and(|value| value == "true");
    let mut who = Vec::new();
    if gate.metadata.annotations.as_ref().is_some_and(|all| set(all, ANNOTATION_PAUSE_ROLLBACK)) {
        who.push(format!("the annotation `{ANNOTATION_PAUSE_ROLLBACK}` of the gate"));
    }
    for (namespace, annotation) in
        [(&session.namespace, ANNOTATION_PAUSE_ROLLBACK), (&session.system, ANNOTATION_FREEZE)]
    {
        let found = session.cluster.namespace_annotations(namespace).await.unwrap_or_default();
        if set(&found, annotation) {
            who.push(format!("the annotation `{annotation}` of the namespace {namespace}"));
        }
    }
    who
}

fn other(record: Rollback) -> OtherRollback {
    let status = record.status.clone().unwrap_or_default();
    // A pull request counts from the moment it was opened.
    let opened = status.trail.iter().find(|entry| entry.phase == RollbackPhase::PullRequestOpen).map(|entry| entry.at);
    OtherRollback {
        record: (record.metadata.namespace.clone().unwrap_or_default(), name(&record)),
        created_at: created(&record).unwrap_or(Timestamp::UNIX_EPOCH),
        phase: status.phase,
        written_at: opened.or(status.pushed_at),
        willing: willing(&status),
        commit: status.commit,
        joined: status.joined,
        spec: record.spec,
    }
}

/// How many of the blocking gates there are, and how many of them fail.
fn failing<'a>(gates: impl Iterator<Item = &'a TestGate>) -> (usize, usize) {
    let verdict = |gate: &TestGate| gate.status.as_ref()?.current.as_ref()?.verdict;
    let blocking: Vec<&TestGate> = gates.filter(|gate| gate.spec.mode == GateMode::Blocking).collect();
    (blocking.len(), blocking.iter().filter(|gate| verdict(gate) == Some(Verdict::Failed)).count())
}

fn neighbours<'a>(gates: impl Iterator<Item = &'a TestGate>, source: Option<&GitSource>) -> Vec<Neighbour> {
    let Some(source) = source else { return Vec::new() };
    let near = gates.filter_map(|gate| {
        let status = gate.status.as_ref()?;
        let its = status.source.as_ref()?;
        let same = its.branch == source.branch && same_repository(&its.repository, &source.repository);
        same.then(|| Neighbour {
            gate: (gate.metadata.namespace.clone().unwrap_or_default(), name(gate)),
            revision: status.current.as_ref().map(|current| current.revision.revision.clone()),
            final_: status.current.as_ref().is_some_and(|current| current.verdict.is_some()),
        })
    });
    near.collect()
}
